import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { closedInAnswer } from './tcp-connection.ts';

/** Files that are read for each connection, so that a new certificate is taken without a restart. */
export interface TlsFiles {
  /** Whose certificates are believed; null: those that the system believes. */
  readonly ca: string | null;
  /** Our own certificate and its key, both or neither. */
  readonly cert: string | null;
  readonly key: string | null;
}

/** Some receivers answer the goodbye and leave the closing to us: it is theirs for so long. */
const closeMs = 1000;
/** How long the tickets of a session are waited for. */
const ticketMs = 500;

/**
 * Sends a text over TLS and says goodbye (`close_notify`), but leaves the connection open: the receiver is to close it (RFC 5425,
 * 4.4). It reads the goodbye behind everything else, so where that was read when the connection ended, everything was read and
 * worked at before.
 */
export async function sendOverTls(
  { host, ca, cert, key }: TlsFiles & { readonly host: string },
  socket: Socket,
  text: string,
): Promise<void> {
  const [caPem, certPem, keyPem] = await Promise.all([ca, cert, key].map(readPem));
  const { stream, isAllSent } = keptOpen(socket);
  const tls = connect({
    socket: stream,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(caPem === undefined ? {} : { ca: caPem }),
    ...(certPem === undefined ? {} : { cert: certPem }),
    ...(keyPem === undefined ? {} : { key: keyPem }),
    minVersion: 'TLSv1.2',
  });
  try {
    await Promise.all([sendAll(tls, text, () => socket.end()), closedInAnswer(socket, isAllSent)]);
  } finally {
    tls.destroy();
  }
}

/** Resolves at the end of what the receiver sends; what it refuses us with comes before that. */
async function sendAll(tls: TLSSocket, text: string, closeOurselves: () => void): Promise<void> {
  await once(tls, 'secureConnect');
  tls.resume();
  const ended = once(tls, 'end');
  if (tls.getProtocol() === 'TLSv1.3') await Promise.race([accepted(tls), ended]);
  tls.end(text);
  await ended;
  const timer = setTimeout(closeOurselves, closeMs);
  tls.once('close', () => clearTimeout(timer));
}

/**
 * In TLS 1.3 a client may send before the receiver has looked at its certificate (RFC 8446, 4.4.4), and one that then refuses it may have
 * taken the records into its buffers and closes as if it had wanted them. The tickets of a session come behind that; not everybody
 * sends any.
 */
async function accepted(tls: TLSSocket): Promise<void> {
  const signal = AbortSignal.timeout(ticketMs);
  await once(tls, 'session', { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

async function readPem(path: string | null): Promise<Buffer | undefined> {
  return path === null ? undefined : readFile(path);
}

/** The socket as TLS sees it: the end of what TLS writes is not the end of the connection. */
function keptOpen(socket: Socket): { readonly stream: Duplex; readonly isAllSent: () => boolean } {
  let isEnded = false;
  const stream = new Duplex({
    read: () => {
      socket.resume();
    },
    write: (chunk: Buffer, _encoding, done) => {
      socket.write(chunk, done);
    },
    final: (done) => {
      isEnded = true;
      done();
    },
  });
  socket.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) socket.pause();
  });
  socket.once('end', () => stream.push(null));
  socket.once('error', (error) => stream.destroy(error));
  stream.on('error', () => undefined); // told by the socket
  return { stream, isAllSent: () => isEnded && socket.writableLength === 0 };
}
