import type { IncomingMessage } from 'node:http';

/** More than a client that means well sends too much. */
const discardLimitBytes = 32 * 1024 * 1024;
const discardMs = 5000;

/**
 * Reads on what is left of a body and throws it away, so that a client that is still sending gets to read the refusal: a
 * connection that is closed with bytes unread is reset (RFC 9112, 9.6). It gives up after 32 MiB or 5 s.
 */
export async function discardBody(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  await new Promise<void>((resolve) => {
    let bytes = 0;
    const done = (): void => {
      clearTimeout(timer);
      request.off('data', count).off('end', done).off('close', done).off('error', done);
      resolve();
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > discardLimitBytes) done();
    };
    const timer = setTimeout(done, discardMs);
    request.on('data', count).once('end', done).once('close', done).once('error', done);
    request.resume();
  });
}
