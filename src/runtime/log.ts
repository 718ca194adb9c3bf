import { type Logger, pino } from 'pino';
import { readableStream } from './readable-log.ts';

export type { Logger } from 'pino';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export interface LogOptions {
  /** Who speaks: `guardian`, `agent`, `worker` … */
  readonly name: string;
  readonly level?: string | undefined;
}

/**
 * A logger that writes one JSON object a line to standard error (standard output is kept for what a command answers); on
 * a terminal the same in a form for people.
 * Fields that are known to carry secrets are masked whatever object they arrive in.
 */
export function createLogger(options: LogOptions): Logger {
  ignoreBrokenPipe();
  const level = levels.find((known) => known === options.level) ?? 'info';
  return pino(
    {
      name: options.name,
      level,
      base: { name: options.name, pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['*.authorization', '*.password', '*.apiKey', '*.token', '*.dataKey'],
        censor: '[secret]',
      },
    },
    process.stderr.isTTY ? readableStream(process.stderr) : process.stderr,
  );
}

let listens = false;

/** Whoever read the log has gone: that is no reason to stop working. */
function ignoreBrokenPipe(): void {
  if (listens) return;
  listens = true;
  process.stderr.on('error', () => undefined);
}
