import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { isFromPeer } from './client-address.ts';
import { callerAddressHeader, passedOnHeader } from './holdfast-headers.ts';

/**
 * The node that makes this request on its own behalf, by the name in its certificate; null: nobody does. All of this must hold:
 *
 * - it came in on the peer listener, whose connections prove a certificate of the cluster's authority, which nodes only have;
 * - it bears neither of the marks that `pass-on.ts` puts on what it passes on: a node that passes on a client's request
 *   speaks for the client.
 */
export function peerNode(request: FastifyRequest): string | null {
  const { headers, raw } = request;
  if (!isFromPeer(request)) return null;
  if (headers[passedOnHeader] !== undefined || headers[callerAddressHeader] !== undefined) return null;
  return provedBy(raw.socket)?.name ?? null;
}

/** The certificate that the other side of a connection to the peer listener has proved, PEM; null: it has proved none. */
export function peerCertificate({ raw }: FastifyRequest): string | null {
  return provedBy(raw.socket)?.certificate ?? null;
}

/** What the other side of a connection has proved to be. */
interface Peer {
  readonly name: string | null;
  /** PEM. */
  readonly certificate: string;
}

/** It stays the same as long as the connection does (TLS 1.3 knows no renegotiation), and taking it apart is slow. */
const peers = new WeakMap<TLSSocket, Peer>();

function provedBy(socket: Socket): Peer | null {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const known = peers.get(socket);
  if (known !== undefined) return known;
  const certificate = socket.getPeerX509Certificate()?.toString();
  if (certificate === undefined) return null;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  const peer = { name: typeof name === 'string' && name !== '' ? name : null, certificate };
  peers.set(socket, peer);
  return peer;
}
