import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { callerAddressHeader } from './holdfast-headers.ts';

const fromPeers = new WeakSet<IncomingMessage>();

/** Marks a request as come in over mutual TLS from another node. */
export function markFromPeer(request: IncomingMessage): void {
  fromPeers.add(request);
}

/** The address of the caller, IPv4 in its plain form. */
export function clientAddress(request: FastifyRequest): string {
  const passedOn = request.headers[callerAddressHeader];
  if (typeof passedOn === 'string' && fromPeers.has(request.raw)) return passedOn;
  const address = request.raw.socket.remoteAddress ?? '127.0.0.1';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
