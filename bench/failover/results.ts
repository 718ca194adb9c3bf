import { appendFile, readFile, truncate } from 'node:fs/promises';
import type { EventName } from './contenders.ts';
import type { Measured } from './round.ts';

/** One event of one contender in one round. */
export interface Run extends Measured {
  readonly contender: string;
  readonly event: EventName;
  readonly round: number;
  readonly at: string;
}

/** What was raced with: figures of other programs or another machine are not put beside each other. */
export interface Machine {
  readonly cores: number;
  readonly postgres: string;
  readonly etcd: string;
  readonly haproxy: string;
}

interface Header {
  readonly race: 1;
  readonly machine: Machine;
}

/**
 * The runs that are in `file`, which is begun where it is missing: one JSON object a line, the first of which names the
 * machine.
 *
 * @throws Error when the file is none of ours, or of another machine
 */
export async function openResults(file: string, machine: Machine): Promise<readonly Run[]> {
  const header: Header = { race: 1, machine };
  const first = JSON.stringify(header);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null || text === '') {
    await appendFile(file, `${first}\n`, { mode: 0o600 });
    return [];
  }
  const lines = text.split('\n');
  if (lines[0] !== first) {
    throw new Error(
      `--resume: ${file} does not begin with ${first}: it is of another machine or of other programs. Name another file.`,
    );
  }
  // What an interruption cut off is taken away: the next line must not stand behind it.
  const whole = text.lastIndexOf('\n') + 1;
  await truncate(file, Buffer.byteLength(text.slice(0, whole)));
  return lines.slice(1, -1).map((line): Run => JSON.parse(line));
}

export async function keepRun(file: string, run: Run): Promise<void> {
  await appendFile(file, `${JSON.stringify(run)}\n`);
}
