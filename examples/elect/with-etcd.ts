// One leader among all processes that run this, by a lease in etcd.
import { once } from 'node:events';
import { campaign, etcdElection } from 'holdfast/elect';

const {
  ETCD_ENDPOINTS = 'https://localhost:2379',
  ETCD_CA = '',
  ETCD_CERT = '',
  ETCD_KEY = '',
} = process.env;
const ttlMs = 5000;
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());

await campaign({
  backend: await etcdElection({
    endpoints: ETCD_ENDPOINTS.split(','),
    tls: { caFile: ETCD_CA, certFile: ETCD_CERT, keyFile: ETCD_KEY },
    prefix: '/example/leader/',
    ttlMs,
  }),
  ttlMs,
  signal: stopping.signal,
  lead: async ({ signal, token }) => {
    process.stdout.write(`leads by ${token}\n`);
    if (!signal.aborted) await once(signal, 'abort');
    process.stdout.write('leads no more\n');
  },
});
