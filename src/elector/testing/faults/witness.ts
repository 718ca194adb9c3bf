import { open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { createTrail, type Trail } from './trail.ts';

/** Reads what leaders do, as it happens. */
export interface Witness {
  readonly trail: Omit<Trail, 'add'>;
  /** The longest time without an act since the last call. */
  readonly takeLongestGapMs: () => number;
  /** Resolves at the first act from now on. */
  readonly awaitAct: (timeoutMs: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** How often the file is looked at: appends to it cannot be awaited more exactly. */
const lookEveryMs = 5;

export async function openWitness(file: string): Promise<Witness> {
  const handle = await open(file, 'a+');
  const trail = createTrail();
  const closing = new AbortController();
  const buffer = Buffer.alloc(65_536);
  let position = 0;
  let rest = '';
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
      const [task = '', token = '', lookedAtNs = ''] = line.split(' ');
      if (trail.add({ task, token, lookedAtNs: BigInt(lookedAtNs) })) lastActAt = seenAtMs;
    }
  };
  const reading = (async () => {
    while (!closing.signal.aborted) {
      await read();
      await pause(lookEveryMs);
    }
  })();

  return {
    trail,
    takeLongestGapMs: () => {
      const taken = longestMs;
      longestMs = 0;
      lastActAt = performance.now();
      return taken;
    },
    awaitAct: async (timeoutMs) => {
      const endAt = performance.now() + timeoutMs;
      const before = trail.acts.length;
      while (trail.acts.length === before) {
        if (performance.now() >= endAt) throw new Error(`no act came in ${timeoutMs} ms`);
        await pause(lookEveryMs);
      }
    },
    close: async () => {
      closing.abort();
      await reading;
      await handle.close();
    },
  };
}
