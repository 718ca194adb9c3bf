import { open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** One act of a leader, in the order in which they reached the witness. */
export interface Act {
  readonly task: string;
  readonly token: string;
  /** When it was read, on this process's clock. */
  readonly seenAtMs: number;
}

/** Reads what leaders do, as it happens. */
export interface Witness {
  readonly acts: readonly Act[];
  /** Acts whose token was older than one before: refused. None of them, as long as authority never overlaps. */
  readonly refused: readonly Act[];
  /** The longest time without an act since the last call. */
  readonly takeLongestGapMs: () => number;
  /** Resolves at the first act from now on that fits. */
  readonly awaitAct: (fits: (act: Act) => boolean, timeoutMs: number) => Promise<Act>;
  readonly close: () => Promise<void>;
}

/** How often the file is looked at: appends to it cannot be awaited more exactly. */
const lookEveryMs = 5;

export async function openWitness(file: string): Promise<Witness> {
  const handle = await open(file, 'a+');
  const acts: Act[] = [];
  const refused: Act[] = [];
  const closing = new AbortController();
  const buffer = Buffer.alloc(65_536);
  let position = 0;
  let rest = '';
  let newest = '';
  let lastActAt = performance.now();
  let longestMs = 0;

  const read = async (): Promise<void> => {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    position += bytesRead;
    const lines = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
    rest = lines.pop() ?? '';
    const seenAtMs = performance.now();
    longestMs = Math.max(longestMs, seenAtMs - lastActAt);
    for (const line of lines) {
      const [task = '', token = ''] = line.split(' ');
      const act = { task, token, seenAtMs };
      acts.push(act);
      if (token < newest) refused.push(act);
      else {
        newest = token;
        lastActAt = seenAtMs;
      }
    }
  };
  const reading = (async () => {
    while (!closing.signal.aborted) {
      await read();
      await pause(lookEveryMs);
    }
  })();

  return {
    acts,
    refused,
    takeLongestGapMs: () => {
      const taken = longestMs;
      longestMs = 0;
      lastActAt = performance.now();
      return taken;
    },
    awaitAct: async (fits, timeoutMs) => {
      const endAt = performance.now() + timeoutMs;
      for (let at = acts.length; performance.now() < endAt; at = acts.length) {
        await pause(lookEveryMs);
        const found = acts.slice(at).find(fits);
        if (found !== undefined) return found;
      }
      throw new Error(`no act came in ${timeoutMs} ms`);
    },
    close: async () => {
      closing.abort();
      await reading;
      await handle.close();
    },
  };
}
