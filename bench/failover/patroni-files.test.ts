import assert from 'node:assert/strict';
import { test } from 'node:test';
import { haproxyConfig } from '../../src/agent/haproxy-config.ts';
import { balancerConfiguration, checks, downInterval } from './patroni-files.ts';

test('the load balancers of both check in the same rhythm', () => {
  const ours = haproxyConfig({
    nodes: [
      { name: 'n1', kind: 'standby', host: '127.0.0.1', apiPort: 1, peerPort: 7, dataPort: 2, auditPort: 3 },
    ],
    frontends: {
      api: { host: '127.0.0.1', port: 4 },
      dataPostgres: { host: '127.0.0.1', port: 5 },
      auditPostgres: { host: '127.0.0.1', port: 6 },
    },
    dnsName: 'localhost',
    caFile: '/ca.crt',
  });
  const theirs = balancerConfiguration({
    nodes: [{ name: 'p1', restPort: 1, postgresPort: 2, pgdata: '/p1' }],
    balancerPort: 3,
  });
  const lines = (text: string): readonly string[] => text.split('\n').map((line) => line.trim());
  for (const line of checks) {
    assert.ok(lines(ours).includes(line), `Holdfast's has not: ${line}`);
    assert.ok(lines(theirs).includes(line), `Patroni's has not: ${line}`);
  }
  const server = (text: string, name: string): string =>
    lines(text).find((l) => l.startsWith(`server ${name} `)) ?? '';
  assert.ok(server(ours, 'n1').endsWith(downInterval));
  assert.ok(server(theirs, 'p1').endsWith(downInterval));
});
