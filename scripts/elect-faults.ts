/**
 * Five contenders, three servers of Consul, and many random faults. The seed that is printed lives the same faults again.
 *
 * Usage: node scripts/elect-faults.ts [--faults 200] [--seed N]
 */
import { parseArgs } from 'node:util';
import { runFaults } from '../src/elector/testing/faults/faults.ts';

const { values } = parseArgs({
  options: { faults: { type: 'string', default: '200' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
console.log(`seed ${seed}`);
const report = await runFaults({
  seed,
  faults: Number(values.faults),
  slackMs: 2500,
  tell: (line) => console.log(line),
});
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.broken.length === 0 ? 0 : 1;
