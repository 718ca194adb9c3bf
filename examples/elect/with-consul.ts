// One leader among all processes that run this, by a lock in Consul (CONSUL_HTTP_ADDR says where).
import { setTimeout as pause } from 'node:timers/promises';
import { campaign, consulElection } from 'holdfast/elect';

const ttlMs = 15_000;
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());

await campaign({
  backend: await consulElection({
    address: process.env['CONSUL_HTTP_ADDR'] ?? 'http://localhost:8500',
    key: 'example/leader',
    ttlMs,
  }),
  ttlMs,
  signal: stopping.signal,
  lead: async ({ signal, token }) => {
    process.stdout.write(`leads by ${token}\n`);
    while (!signal.aborted) {
      // Give the token to whatever you write to, and let that refuse older ones.
      await pause(1000, undefined, { signal }).catch(() => undefined);
    }
    process.stdout.write('leads no more\n');
  },
});
