import type { FastifyRequest } from 'fastify';

/** Whether the list in Accept-Encoding holds `base64`. */
export function base64Requested(request: FastifyRequest): boolean {
  const accepted = request.headers['accept-encoding'];
  const list = typeof accepted === 'string' ? accepted.split(',') : [];
  return list.some((entry) => entry.split(';')[0]?.trim().toLowerCase() === 'base64');
}
