import type { FastifyRequest } from 'fastify';

/** Version 2 of the API: asked for by the Accept header, and the type of its answers. */
export const v2MediaType = 'application/x.secretsmgr.v2beta+json';

/** Whether a request asks for version 2 of the API. */
export function wantsV2(request: FastifyRequest): boolean {
  return request.headers.accept?.includes(v2MediaType) === true;
}
