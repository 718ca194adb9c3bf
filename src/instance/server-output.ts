import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Logger } from '../runtime/log.ts';

const linesKept = 12;
const lineLimit = 2000;

/** The end of what a server printed, for the message of a failed start. */
export interface ServerOutput {
  readonly lastWords: () => string;
}

/** Hands each line that a server prints to the logger: at debug level, and what ends a session or the server as a warning. */
export function logServerOutput(
  streams: readonly (Readable | null)[],
  log: Logger,
  instance: string,
): ServerOutput {
  const kept: string[] = [];
  for (const stream of streams) {
    if (stream === null) continue;
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (whole) => {
      const line = whole.slice(0, lineLimit);
      kept.push(line);
      if (kept.length > linesKept) kept.shift();
      const loud = line.includes('FATAL:  ') || line.includes('PANIC:  ');
      log[loud ? 'warn' : 'debug']({ instance }, line);
    });
  }
  return { lastWords: () => kept.slice(-6).join(' | ') };
}
