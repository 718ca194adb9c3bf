import { Writable } from 'node:stream';

const byNode = Object.getOwnPropertyDescriptor(process, 'stderr');

/**
 * Puts a stream of our own in the place of `process.stderr`. Node opens that for itself, at the latest when the first socket is
 * closed (`net.Socket`, `_destroy`), and makes it non-blocking then, for everybody who shares it: a relay, or a task that writes
 * to a slow reader, would lose what it has to say.
 *
 * @param write takes what warnings of Node, or of a library, write there
 */
export function shadowStandardError(write: (text: string) => void): void {
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: unknown, _encoding, callback) => {
      write(String(chunk));
      callback();
    },
  });
  Object.defineProperty(process, 'stderr', { configurable: true, enumerable: true, get: () => stream });
}

/** Standard error as Node opens it, with what that does to everybody who shares it. */
export function standardErrorOfNode(): Writable {
  return byNode?.get?.call(process) ?? process.stderr;
}
