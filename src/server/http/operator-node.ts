import type { FastifyRequest } from 'fastify';
import { operatorHeader } from './holdfast-headers.ts';
import { peerNode } from './peer-node.ts';

/**
 * The node that makes this request for its operator, by the name in its certificate; null: nobody does. Such a request
 * needs no token, so all of this must hold:
 *
 * - a node makes it (`peerNode`);
 * - it bears the operator's mark, which `pass-on.ts` takes off whatever it passes on.
 */
export function operatorNode(request: FastifyRequest): string | null {
  return request.headers[operatorHeader] === '1' ? peerNode(request) : null;
}
