import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { Problem } from '../core/problem.ts';
import { createTestAuthority } from '../identity/testing/test-authority.ts';
import { realClock } from '../runtime/real-clock.ts';
import { examine } from './doctor.ts';
import { checkClock, judgeClocks, judgeWallClock } from './doctor-clock.ts';
import { checkCluster, judgeCluster } from './doctor-cluster.ts';
import { judgeDisk } from './doctor-files.ts';
import { checkPorts } from './doctor-ports.ts';
import { isAtLeast } from './doctor-programs.ts';
import type { ClusterStatus } from './operations.ts';

const status: ClusterStatus = {
  cluster: 'demo',
  term: 3,
  master: 'n1',
  protected: true,
  advice: [],
  ttlMs: 5000,
  etcd: [],
  nodes: [],
};

const mebibyte = 1024 * 1024;

test('versions are compared by number', () => {
  const least = ['24.1.0', '22.18.0', '22.9.9', '3.0', '100.0'].map((version) =>
    isAtLeast(version, [22, 18]),
  );
  assert.deepEqual(least, [true, true, false, false, true]);
});

test('clocks that part are a fault, a jump of the wall clock is not', async () => {
  assert.equal(judgeClocks({ mono: 0, boot: 0 }, { mono: 300, boot: 310 }).level, 'ok');
  assert.equal(judgeClocks({ mono: 0, boot: 0 }, { mono: 300, boot: 900 }).level, 'fault');
  assert.equal(judgeClocks({ mono: 0, boot: 0 }, { mono: 0, boot: 0 }).level, 'fault');
  assert.equal(judgeWallClock(0).level, 'warning');
  const levels = (await checkClock(realClock, Date.now())).map(({ level }) => level);
  assert.deepEqual(levels, ['ok', 'ok']);
});

test('a disk warns before it is full, and inodes count as well', () => {
  const levels = [
    { bytes: 9000 * mebibyte, inodes: 1e6 },
    { bytes: 1000 * mebibyte, inodes: 1e6 },
    { bytes: 100 * mebibyte, inodes: 1e6 },
    { bytes: 9000 * mebibyte, inodes: 10 },
  ].map((free) => judgeDisk(free).level);
  assert.deepEqual(levels, ['ok', 'warning', 'fault', 'fault']);
});

test('a cluster without protection is a warning with the reason, one without a master a fault', () => {
  assert.deepEqual(
    judgeCluster(status).map(({ level }) => level),
    ['ok', 'ok'],
  );
  const exposed = judgeCluster({ ...status, protected: false, advice: ['Add a standby.', 'More.'] });
  assert.deepEqual(
    exposed.map(({ level, advice }) => [level, advice]),
    [
      ['ok', null],
      ['warning', 'Add a standby.'],
    ],
  );
  assert.equal(judgeCluster({ ...status, master: null })[0]?.level, 'fault');
});

test('a cluster that does not answer is a warning, since the node may just not run', async () => {
  const [finding] = await checkCluster(() =>
    Promise.reject(new Problem('store_unavailable', 'etcd is away.')),
  );
  assert.deepEqual([finding?.level, finding?.sentence], ['warning', 'etcd is away.']);
});

test('a port is free, ours by its certificate, or taken by somebody else', async (t) => {
  await using authority = await createTestAuthority();
  const own = await authority.node('n1', { ipAddresses: ['127.0.0.1'] });
  const other = await authority.node('n2', { ipAddresses: ['127.0.0.1'] });
  const listening = async (server: ReturnType<typeof createServer>): Promise<number> => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return address.port;
  };
  const ours = createTlsServer({ cert: own.certPem, key: own.keyPem });
  const theirs = createTlsServer({ cert: other.certPem, key: other.keyPem });
  const plain = createServer((socket) => socket.end('220 mail\r\n'));
  const free = createServer();
  t.after(() => [ours, theirs, plain].forEach((server) => server.close()));
  for (const server of [ours, theirs, plain])
    server.on('connection', (socket) => socket.on('error', () => undefined));
  const [api, peer, data, audit] = [
    await listening(ours),
    await listening(theirs),
    await listening(plain),
    await listening(free),
  ];
  free.close();
  await once(free, 'close');
  const findings = await checkPorts({
    listen: '127.0.0.1',
    host: '127.0.0.1',
    ports: { api, peer, data, audit, agent: api, etcdClient: null, etcdPeer: null },
    certPem: own.certPem,
  });
  const levels = new Map(
    findings.map(({ area, level, sentence }) => [area, `${level} ${sentence.split(',')[0]}`]),
  );
  assert.equal(levels.get(`port ${api}`), 'ok this node listens');
  assert.equal(levels.get(`port ${peer}`), 'fault something else listens');
  assert.equal(levels.get(`port ${data}`), 'fault something else listens');
  assert.equal(levels.get(`port ${audit}`), 'ok free');
});

test('a machine that can run a node has no fault, and too old a Node is one', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-doctor-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const examined = (nodeVersion: string): ReturnType<typeof examine> =>
    examine({
      dir: join(dir, 'none'),
      runAs: 'postgres',
      postgresBin: null,
      nodeVersion,
      nowMs: Date.now(),
      askCluster: () => assert.fail('there is no node here'),
    });
  const faults = (await examined('20.1.0')).filter(({ level }) => level === 'fault');
  assert.deepEqual(
    faults.map(({ area }) => area),
    ['Node'],
  );
  assert.match(faults[0]?.advice ?? '', /22\.18/u);
});
