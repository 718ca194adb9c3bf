/** What a sidecar says: plain lines on standard error. */
export type ElectorLog = Readonly<Record<LogLevel, (sentence: string) => void>>;

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** @param name of the election, where there are several */
export function createElectorLog(
  level: LogLevel,
  write: (line: string) => void,
  name: string | null = null,
): ElectorLog {
  const lowest = logLevels.indexOf(level);
  const prefix = name === null ? '' : `${name}: `;
  const at = (each: LogLevel): ((sentence: string) => void) =>
    logLevels.indexOf(each) < lowest
      ? () => undefined
      : (sentence) => write(`${new Date().toISOString()} ${each} ${prefix}${sentence}\n`);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
