import { open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Act, createTrail, type Trail } from './trail.ts';

/** Reads what leaders do, as it happens. */
export interface Witness {
  readonly trail: Omit<Trail, 'add'>;
  /** The longest time without an act since the last call. */
  readonly takeLongestGapMs: () => number;
  /** Resolves when an act comes to pass that is written from now on: whoever writes it leads, and is not only late. */
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

  const read = async (): Promise<number> => {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    position += bytesRead;
    const lines = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
    rest = lines.pop() ?? '';
    const cameToPass = accepted();
    const seenAtMs = performance.now();
    longestMs = Math.max(longestMs, seenAtMs - lastActAt);
    for (const line of lines) trail.add(actOf(line));
    if (accepted() > cameToPass) lastActAt = seenAtMs;
    return bytesRead;
  };
  const accepted = (): number => trail.acts.length - trail.refused.length;
  let reading: Promise<void> = Promise.resolve();
  /** All that is written by now; one reading after the other. */
  const readAll = (): Promise<void> => {
    const before = reading;
    reading = (async () => {
      await before;
      while ((await read()) > 0);
    })();
    return reading;
  };
  const looking = (async () => {
    while (!closing.signal.aborted) {
      await readAll();
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
      await readAll();
      for (const before = accepted(); accepted() === before; await pause(lookEveryMs)) {
        if (performance.now() >= endAt) throw new Error(`no act came in ${timeoutMs} ms`);
      }
    },
    close: async () => {
      closing.abort();
      await looking;
      await readAll();
      await handle.close();
    },
  };
}

function actOf(line: string): Act {
  const [task = '', token = '', lookedAtNs = '', clock] = line.split(' ');
  return { task, token, isSlow: clock === 'slow', lookedAtNs: BigInt(lookedAtNs) };
}
