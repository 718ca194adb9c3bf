/**
 * Lets simulated clusters live and says which promises were broken.
 *
 * Usage: node scripts/simulate.ts [--seeds N] [--from S]     N lives (10000) from seed S (1) on
 *        node scripts/simulate.ts --seed S --trace           one life, told turn by turn
 */
import { parseArgs } from 'node:util';
import { simulate } from '../src/core/failover/testing/simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log('usage: node scripts/simulate.ts [--seeds N] [--from S] | --seed S [--trace]');
} else {
  const first = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  process.exitCode = live(first, count, values.trace) === 0 ? 0 : 1;
}

function live(first: number, count: number, tracing: boolean): number {
  const began = performance.now();
  const total = { broken: 0, simulatedMs: 0, events: 0, writes: 0, promotions: 0 };
  for (let seed = first; seed < first + count; seed += 1) {
    const result = simulate({
      seed,
      ...(tracing
        ? {
            trace: (atMs, { node, rule, because }) =>
              console.log(`${(atMs / 1000).toFixed(3)} ${node} [${rule}] ${because}`),
          }
        : {}),
    });
    total.simulatedMs += result.simulatedMs;
    total.events += result.events;
    total.writes += result.acknowledgedWrites;
    total.promotions += result.promotions;
    if (result.violation === null) continue;
    total.broken += 1;
    console.log(`seed ${seed}: ${result.violation}`);
  }
  const seconds = (performance.now() - began) / 1000;
  const lived = `${(total.simulatedMs / 1000).toFixed(0)} s lived in ${seconds.toFixed(1)} s`;
  console.log(
    `${count} lives, ${total.broken} broken; ${lived}; ${total.events} events, ${total.promotions} promotions of an instance, ${total.writes} acknowledged writes`,
  );
  return total.broken;
}
