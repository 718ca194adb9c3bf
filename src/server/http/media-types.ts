import type { FastifyRequest } from 'fastify';
import { Problem } from '../../core/problem.ts';

/** Version 2 of the API: asked for by the Accept header, and the type of its answers. */
export const v2MediaType = 'application/x.secretsmgr.v2beta+json';

/** Whether a request asks for version 2 of the API. */
export function wantsV2(request: FastifyRequest): boolean {
  return request.headers.accept?.includes(v2MediaType) === true;
}

/** @throws Problem `api_version_missing` when a request does not ask for version 2, on a route that has no other */
export function requireV2Accept(request: FastifyRequest): void {
  if (wantsV2(request)) return;
  throw new Problem(
    'api_version_missing',
    `CONJ00194W The api belongs to v2 APIs but it missing the version "${v2MediaType}" in the Accept header`,
  );
}
