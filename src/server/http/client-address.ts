import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { cidrContains } from '../../core/policy/cidr.ts';
import { callerAddressHeader } from './holdfast-headers.ts';

const fromPeers = new WeakSet<IncomingMessage>();

/** Marks a request as come in over mutual TLS from another node. */
export function markFromPeer(request: IncomingMessage): void {
  fromPeers.add(request);
}

/** Whether a request came in over mutual TLS from another node, on its own behalf or passed on. */
export function isFromPeer(request: FastifyRequest): boolean {
  return fromPeers.has(request.raw);
}

/**
 * The address of the caller, IPv4 in its plain form. Behind trusted proxies it is the last address of X-Forwarded-For that
 * is no trusted proxy itself: what stands before that one anybody can have written.
 */
export function clientAddress(request: FastifyRequest, trustedProxies: readonly string[]): string {
  const passedOn = request.headers[callerAddressHeader];
  if (typeof passedOn === 'string' && fromPeers.has(request.raw)) return passedOn;
  const address = plain(request.raw.socket.remoteAddress ?? '127.0.0.1');
  if (trustedProxies.length === 0) return address;
  const trusted = (one: string): boolean => trustedProxies.some((cidr) => cidrContains(cidr, one));
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',');
  let client = address;
  for (const hop of forwarded.split(',').reverse()) {
    const next = plain(withoutPort(hop.trim()));
    if (!trusted(client) || isIP(next) === 0) break;
    client = next;
  }
  return client;
}

/** Some proxies write the port of the client too (RFC 7239, 6). */
function withoutPort(hop: string): string {
  return /^(\d+(?:\.\d+){3}):\d+$/.exec(hop)?.[1] ?? /^\[([\da-f:.%]+)\](?::\d+)?$/i.exec(hop)?.[1] ?? hop;
}

/** Without the zone of a link-local address (RFC 4007, 11), which names an interface of this node and no range knows of. */
function plain(text: string): string {
  const [address = ''] = text.split('%');
  return /^::ffff:\d+\./i.test(address) ? address.slice('::ffff:'.length) : address;
}
