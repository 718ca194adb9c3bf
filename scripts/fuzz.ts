/**
 * Fuzzes every route with a new seed, until it finds something or the time is over.
 *
 * Usage: node scripts/fuzz.ts [--seed N] [--minutes N] [--runs N] [--only TEXT]
 *
 * The seed is printed first; with the same seed the same requests are sent. `--runs` is for each route and round, `--only`
 * picks the routes whose pattern holds a text.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { routes } from '../src/server/app.ts';
import { fuzzRoute } from '../test/fuzz/fuzz-route.ts';
import { startFuzzServer } from '../test/fuzz/fuzz-server.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31 - 1)) },
    minutes: { type: 'string', default: '10' },
    runs: { type: 'string', default: '500' },
    only: { type: 'string', default: '' },
  },
});
let seed = Number(values.seed);
const endAt = performance.now() + Number(values.minutes) * 60_000;
const wanted = routes.filter(({ method, url }) => `${method} ${url}`.includes(values.only));
const server = await startFuzzServer();
try {
  do {
    console.log(`seed ${seed}`);
    for (const route of wanted) {
      const statuses = await fuzzRoute(server, route, { seed, runs: Number(values.runs) });
      const shown = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
      console.log(`  ${route.method} ${route.url}  ${shown.join(', ')}`);
    }
    seed += 1;
  } while (performance.now() < endAt);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await server.stop();
}
