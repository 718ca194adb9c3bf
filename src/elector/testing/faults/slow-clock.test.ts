import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { openSlowClock } from './slow-clock.ts';

/** Says how its election's clock stands, each time that it is asked. */
const program = `
import { createElectionClock } from ${JSON.stringify(new URL('../../clock.ts', import.meta.url).href)};
import { createInterface } from 'node:readline';
const clock = createElectionClock();
createInterface({ input: process.stdin }).on('line', () => console.log(clock()));
console.log(clock());`;

test('an election under a slow clock counts too slowly', { timeout: 30_000 }, async () => {
  const rate = 0.8;
  const slow = openSlowClock(rate);
  const [first, ...args] = slow.command([process.execPath, '--input-type=module', '-e', program]);
  const child = spawn(first, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const reading = async (): Promise<number> => Number((await lines.next()).value);
    await reading();
    const reads: number[] = [];
    const startedAt = performance.now();
    for (let each = 0; each < 20; each += 1) {
      child.stdin.write('\n');
      reads.push(await reading());
      // It looks often: what it takes for time suspended adds up.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    child.stdin.write('\n');
    const countedMs = (await reading()) - (reads[0] ?? 0);
    const realMs = performance.now() - startedAt;
    assert.ok(countedMs > 0.7 * realMs && countedMs < 0.9 * realMs, `${countedMs} ms of ${realMs}`);
  } finally {
    child.stdin.end();
    await once(child, 'close');
    slow.close();
  }
});
