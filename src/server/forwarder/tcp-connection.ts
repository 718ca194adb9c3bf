import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { readTcpState, tcpEnds } from '../../runtime/tcp-state.ts';

const connectMs = 5000;

/** How patient we are with a receiver. */
export interface Patience {
  /** It may take nothing, or say nothing, for so long. */
  readonly silenceMs: number;
  /** And everything together may take so long. */
  readonly wholeMs: number;
}

export async function connectTcp(
  { host, port }: { readonly host: string; readonly port: number },
  { silenceMs, wholeMs }: Patience,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  socket.on('error', () => undefined); // told to whoever waits for something
  socket.on('timeout', () => {
    const why = socket.connecting ? 'there was no connection' : 'the receiver took nothing, or did not close';
    socket.destroy(new Error(`${why} within ${socket.timeout} ms`));
  });
  socket.setTimeout(connectMs);
  endAtLast(socket, wholeMs, signal);
  await once(socket, 'connect');
  socket.setTimeout(silenceMs);
  return socket;
}

function endAtLast(socket: Socket, wholeMs: number, signal: AbortSignal): void {
  const stop = (): void => {
    socket.destroy(new Error('forwarding ends'));
  };
  const timer = setTimeout(() => {
    socket.destroy(new Error(`the receiver did not take everything within ${wholeMs} ms`));
  }, wholeMs);
  signal.addEventListener('abort', stop);
  socket.once('close', () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  });
  if (signal.aborted) stop();
}

/**
 * Resolves when the receiver has closed behind all that was sent, and its kernel had that. Together this says that its program has
 * read everything: a kernel answers what comes after the end with a reset, and resets a connection that its program leaves
 * before it has read all (RFC 9293, 3.10.4; RFC 1122, 4.2.2.13).
 *
 * @param isAllSent is asked when the receiver has closed
 */
export async function closedInAnswer(socket: Socket, isAllSent: () => boolean): Promise<void> {
  const ends = tcpEnds(socket);
  const wasAllSent = await new Promise<boolean>((resolve, reject) => {
    socket.once('end', () => resolve(isAllSent()));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection ended')));
  });
  // Node cannot tell this end from one that a reset followed at once: both are read as an end.
  const known = wasAllSent ? await readTcpState(ends) : null;
  const isWhole =
    known !== null &&
    // Both ends have closed, we first; or we have not, and all was acknowledged.
    (known.state === 'time-wait' || (known.state === 'close-wait' && known.unacknowledgedBytes === 0));
  if (!isWhole) throw new Error('the receiver closed before it had everything');
}
