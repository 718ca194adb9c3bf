/**
 * Minutes of full load at the shortest ttl without any fault: there must be no failover, and no write may be lost.
 *
 * Usage: npm run soak -- [--minutes 10] [--ttl 2] [--clients 16]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DemoCluster } from '../test/testing/demo-cluster.ts';
import { WriteLoad } from '../test/testing/write-load.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    ttl: { type: 'string', default: '2' },
    clients: { type: 'string', default: '16' },
  },
});
const wholeMs = 120_000;
/** Variables of one load: a policy of this size is loaded in half a second. */
const size = 10_000;
const lookMs = 500;

const demo = await DemoCluster.start(['--ttl', values.ttl]);
try {
  process.exitCode = await soak();
} finally {
  await demo.stop();
}

async function soak(): Promise<number> {
  const first = await demo.whole(wholeMs);
  const endAt = performance.now() + Number(values.minutes) * 60_000;
  const terms = new Set([first.term]);
  let acknowledged = 0;
  let refused = 0;
  let longestPause = 0;
  const lost: string[] = [];
  for (let part = 0; performance.now() < endAt; part += 1) {
    const client = await demo.client();
    const load = new WriteLoad(client, { prefix: `soak-${part}`, size });
    await client.loadPolicy(load.policy());
    const began = performance.now();
    load.start(Number(values.clients), 0);
    while (load.attempted < size && performance.now() < endAt) {
      terms.add((await demo.status()).term);
      await sleep(lookMs);
    }
    await load.stop();
    acknowledged += load.acknowledged.length;
    refused += load.attempted - load.acknowledged.length;
    longestPause = Math.max(longestPause, load.longestPauseAfter(began));
    lost.push(...(await load.lost()));
    client.close();
  }
  console.log(
    `ttl ${values.ttl} s, ${values.minutes} min, ${values.clients} clients without pause: ${terms.size - 1} failovers, ` +
      `${acknowledged} writes acknowledged, ${refused} not, ${lost.length} lost; longest pause ${Math.round(longestPause)} ms`,
  );
  return terms.size === 1 && lost.length === 0 ? 0 : 1;
}
