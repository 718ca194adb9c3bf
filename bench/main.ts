/**
 * Runs one benchmark: `npm run -s bench -- NAME [--json] [--rounds N] [--seconds N]`. The last line of standard output is one
 * JSON object with --json, else a sentence (`failover`: a table).
 */
import { parseArgs } from 'node:util';
import type { Figure, Sizes } from './figure.ts';

type Run = (rounds: number, seconds: number, sizes: Sizes) => Promise<Figure>;

const benchmarks: Readonly<Record<string, () => Promise<{ readonly run: Run }>>> = {
  policy: () => import('./policy.ts'),
  reads: () => import('./reads.ts'),
  batch: () => import('./batch.ts'),
  authn: () => import('./authn.ts'),
  writes: () => import('./writes.ts'),
  'follower-reads': () => import('./follower-reads.ts'),
  'audit-cost': () => import('./audit-cost.ts'),
  'audit-drain': () => import('./audit-drain.ts'),
  fanout: () => import('./fanout.ts'),
  elect: () => import('./elect.ts'),
  sync: () => import('./sync.ts'),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    // of `audit-drain` alone
    records: { type: 'string', default: '1000000' },
    // of `fanout` alone
    followers: { type: 'string', default: '1,2,4,8' },
    rate: { type: 'string', default: '400' },
    // of `sync` alone: lines of business, 15,000 values each; `passes` or `takeover`
    lobs: { type: 'string', default: '10' },
    part: { type: 'string', default: 'all' },
    // of `failover` alone
    only: { type: 'string' },
    event: { type: 'string' },
    resume: { type: 'string' },
  },
});
const [name = ''] = positionals;
if (name === 'failover') {
  const { raceCommand } = await import('./failover/race.ts');
  const { only = null, event = null, resume = null, json } = values;
  await raceCommand({ rounds: Number(values.rounds), only, event, resume }, json);
}
const benchmark = benchmarks[name];
if (benchmark === undefined) {
  process.stderr.write(`bench: name one of ${[...Object.keys(benchmarks), 'failover'].join(', ')}\n`);
  process.exit(2);
}
const { run } = await benchmark();
const sizes: Sizes = {
  records: Number(values.records),
  followers: values.followers.split(',').map(Number),
  rate: Number(values.rate),
  lobs: Number(values.lobs),
  part: values.part === 'passes' || values.part === 'takeover' ? values.part : 'all',
};
const figure = await run(Number(values.rounds), Number(values.seconds), sizes);
process.stdout.write(`${values.json ? JSON.stringify(figure) : sentence(figure)}\n`);

function sentence({ name: what, unit, ours, reference, ratio, goal }: Figure): string {
  const compared = reference === null ? '' : `, reference ${reference.toFixed(1)}, ratio ${ratio}`;
  return `${what}: ${ours.toFixed(1)} ${unit}${compared} (goal: ${goal})`;
}
