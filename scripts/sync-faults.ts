/**
 * Three synchronizers on a cluster of the product, a vault that never stands still, and many random faults. The seed that is printed
 * lives the same faults again.
 *
 * Usage: node scripts/sync-faults.ts [--faults 100] [--seed N] [--members 3]
 */
import { parseArgs } from 'node:util';
import { runFaults } from '../test/testing/sync/faults.ts';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '100' },
    seed: { type: 'string' },
    members: { type: 'string', default: '3' },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
console.log(`seed ${seed}`);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const report = await runFaults({
  seed,
  faults: Number(values.faults),
  members: Number(values.members),
  tell: (line) => console.log(line),
  signal: stop.signal,
});
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.broken.length === 0 ? 0 : 1;
