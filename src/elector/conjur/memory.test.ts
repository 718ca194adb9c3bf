import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { it } from 'node:test';

const program = fileURLToPath(new URL('../testing/count-looks.ts', import.meta.url));
const looks = 1500;
const rounds = 4;
/** Where each look left something behind, it was about this much. */
const leakBytes = 1000;

it('looks at an election leave nothing behind, however many', { timeout: 60_000 }, async () => {
  const child = fork(program, [String(looks), String(rounds)], { execArgv: ['--expose-gc'] });
  const heaps: number[] = [];
  child.on('message', (bytes) => void heaps.push(Number(bytes)));
  const [code]: unknown[] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.equal(heaps.length, rounds);
  // The first round is to warm up: what is loaded and compiled stays.
  const grown = (heaps.at(-1) ?? 0) - (heaps[0] ?? 0);
  const most = ((rounds - 1) * looks * leakBytes) / 3;
  assert.ok(grown < most, `${grown} bytes more after ${(rounds - 1) * looks} looks: ${heaps.join(', ')}`);
});
