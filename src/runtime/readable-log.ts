import { Writable } from 'node:stream';

const colours: Readonly<Record<string, string>> = {
  warn: '33',
  error: '31',
  fatal: '31',
  debug: '2',
  trace: '2',
};
const left = new Set(['level', 'time', 'name', 'pid', 'node', 'msg', 'err']);

/**
 * One line of the log for a person: `12:00:03.123 n1 agent  leads: …`. What is no JSON object passes as it is.
 */
export function readableLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  const { level, time, name, node, msg, err } = entry;
  const fields = Object.entries(entry).filter(([key]) => !left.has(key));
  const rest = fields.map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const cause =
    typeof err === 'object' && err !== null && 'message' in err ? [`(${String(err.message)})`] : [];
  const who = [node, name].filter((part) => typeof part === 'string').join(' ');
  const words = [String(time).slice(11, 23), who, String(msg), ...cause, ...rest].join(' ');
  const colour = colours[String(level)];
  return colour === undefined ? words : `\u001B[${colour}m${words}\u001B[0m`;
}

/** A destination for the logger that makes each line readable. */
export function readableStream(target: NodeJS.WritableStream): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = chunk
        .toString()
        .split('\n')
        .filter((line) => line !== '');
      target.write(`${lines.map(readableLine).join('\n')}\n`, () => done());
    },
  });
}
