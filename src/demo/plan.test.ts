import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { type DemoArguments, readArguments } from './arguments.ts';
import { describeDemo } from './demo-file.ts';
import { planDemo, portsOf, shapeOf } from './plan.ts';

const asked = (words = ''): DemoArguments =>
  readArguments(
    words.split(' ').filter((word) => word !== ''),
    '/d',
  );

const plain = { diskMegabytes: null, fakeClocks: false };

function refuses(words: string, names: RegExp): void {
  assert.throws(
    () => shapeOf(asked(words), null),
    (error) => isProblem(error, 'usage') && names.test(error.detail),
  );
}

test('without options: a master, two standbys, a follower, a ttl of 5 s, a respawn after 1 s', () => {
  const given = asked();
  assert.deepEqual(shapeOf(given, null), {
    port: 8400,
    ttlSeconds: 5,
    standbys: 2,
    followers: 1,
    subnet: null,
    diskMegabytes: null,
    fakeClocks: false,
  });
  assert.deepEqual(
    [given.dir, given.respawnMs, given.namespaces, given.detach, given.fresh, given.stop],
    ['/d', 1000, false, false, false, false],
  );
});

test('what makes no sense is refused by the name of its option', () => {
  refuses('--port http', /--port: "http"/u);
  refuses('--port 65437', /--port: "65437"/u);
  refuses('--ttl 1', /--ttl: "1"/u);
  refuses('--respawn never', /--respawn: "never".*off/u);
  refuses('--standbys -1', /--standbys/u);
  refuses('--standbys 5 --followers 4', /--standbys and --followers: .*10 nodes/u);
  refuses('--prot 9000', /--prot.*--help/u);
  refuses('stop', /stop/u);
});

test('respawn is a number of seconds or off', () => {
  assert.deepEqual(
    ['off', '0', '0.5', '30'].map((text) => asked(`--respawn ${text}`).respawnMs),
    [null, 0, 500, 30_000],
  );
});

test('an existing demo starts as it was made, and is not made otherwise', () => {
  const made = { port: 9000, ttlSeconds: 2, standbys: 1, followers: 0, subnet: null, ...plain };
  assert.deepEqual(shapeOf(asked(), made), made);
  assert.deepEqual(shapeOf(asked('--ttl 2 --port 9000'), made), made);
  assert.throws(() => shapeOf(asked('--standbys 2'), made), /--standbys: .*made with 1.*--fresh/u);
  assert.throws(() => shapeOf(asked('--namespaces'), made), /--namespaces: .*made without.*--fresh/u);
  assert.throws(
    () => shapeOf(asked('--small-disks 1024'), made),
    /--small-disks: .*made with no such disks/u,
  );
  assert.deepEqual(shapeOf(asked('--fake-clocks'), made), { ...made, fakeClocks: true });
  const separate = { ...made, subnet: '10.1.2.0/24' };
  assert.deepEqual(shapeOf(asked(), separate), separate);
});

test('all ports are different and lie between BASE and BASE+99', () => {
  const plan = planDemo('/d', {
    port: 8400,
    ttlSeconds: 5,
    standbys: 6,
    followers: 2,
    subnet: null,
    ...plain,
  });
  const ports = portsOf(plan);
  assert.equal(new Set(ports).size, ports.length);
  assert.ok(ports.every((port) => port >= 8400 && port <= 8499));
  assert.deepEqual(
    plan.nodes.map(({ name, ports: { base } }) => `${name} ${base}`),
    ['n1 8410', 'n2 8420', 'n3 8430', 'n4 8440', 'n5 8450', 'n6 8460', 'n7 8470', 'f1 8480', 'f2 8490'],
  );
});

test('demo.json says how to reach everything, and who is what', () => {
  const plan = planDemo('/d', {
    port: 8400,
    ttlSeconds: 5,
    standbys: 0,
    followers: 1,
    subnet: null,
    ...plain,
  });
  const file = describeDemo(plan, {
    nodes: new Map([['n1', { role: 'master', processGroup: 77 }]]),
    haproxyPid: 5,
    apiKey: 'key',
  });
  assert.deepEqual(file, {
    account: 'default',
    api: { url: 'https://localhost:8400', caFile: '/d/ca.crt' },
    followers: { url: 'https://localhost:8401', caFile: '/d/ca.crt' },
    admin: { login: 'admin', apiKey: 'key' },
    network: null,
    nodes: [
      {
        name: 'n1',
        role: 'master',
        processGroup: 77,
        namespace: null,
        address: '127.0.0.1',
        api: 'https://localhost:8410',
        health: 'https://localhost:8410/health',
        dataDir: '/d/n1/data/pgdata',
        disk: null,
        clock: null,
        postgres: { data: { port: 8412 }, audit: { port: 8413 } },
        etcd: { client: 'https://127.0.0.1:8414', peer: 'https://127.0.0.1:8415' },
      },
      {
        name: 'f1',
        role: 'down',
        processGroup: 0,
        namespace: null,
        address: '127.0.0.1',
        api: 'https://localhost:8420',
        health: 'https://localhost:8420/health',
        dataDir: '/d/f1/data/pgdata',
        disk: null,
        clock: null,
        postgres: { data: { port: 8422 }, audit: { port: 8423 } },
        etcd: null,
      },
    ],
    haproxy: { pid: 5 },
  });
  const alone = planDemo('/d', { ...plan.shape, followers: 0 });
  assert.equal(describeDemo(alone, { nodes: new Map(), haproxyPid: 5, apiKey: '' }).followers, null);
});

test('nodes in namespaces have addresses of their own; clients find the load balancer on loopback all the same', () => {
  const shape = { port: 8400, ttlSeconds: 5, standbys: 1, followers: 1, subnet: '10.1.2.0/24', ...plain };
  const plan = planDemo('/d', shape);
  const prefix = plan.network?.prefix ?? '';
  assert.deepEqual(
    plan.nodes.map(({ namespace, address, api }) => [namespace, address, api]),
    [
      [`${prefix}n1`, '10.1.2.11', 'https://10.1.2.11:8410'],
      [`${prefix}n2`, '10.1.2.12', 'https://10.1.2.12:8420'],
      [`${prefix}f1`, '10.1.2.13', 'https://10.1.2.13:8430'],
    ],
  );
  assert.deepEqual([plan.balancer.listen, plan.balancer.address], [['127.0.0.1', '10.1.2.1'], '10.1.2.1']);
  assert.equal(plan.api, 'https://localhost:8400');
  assert.deepEqual(portsOf(plan), [8400, 8401, 8402, 8403, 8404, 8409]);
  const file = describeDemo(plan, { nodes: new Map(), haproxyPid: 5, apiKey: '' });
  assert.deepEqual(file.network, {
    hub: `${prefix}hub`,
    bridge: 'lan',
    uplink: 'uplink',
    gateway: '10.1.2.1',
    subnet: '10.1.2.0/24',
  });
  assert.equal(file.nodes[0]?.etcd?.client, 'https://10.1.2.11:8414');
});

test('settings of the API are taken by their names, and refused with what is wrong', () => {
  const given = asked(
    '--set HOLDFAST_AUDIT_FORWARD=tcp://127.0.0.1:6514 --set HOLDFAST_AUDIT_FORWARD_CA=/a=b.crt',
  );
  assert.deepEqual(given.settings, {
    HOLDFAST_AUDIT_FORWARD: 'tcp://127.0.0.1:6514',
    HOLDFAST_AUDIT_FORWARD_CA: '/a=b.crt',
  });
  refuses('--set HOLDFAST_NONE=1', /--set: "HOLDFAST_NONE"/u);
  refuses('--set HOLDFAST_AUDIT_FORWARD', /--set: "HOLDFAST_AUDIT_FORWARD"/u);
  refuses('--set HOLDFAST_AUDIT_FORWARD=nowhere', /HOLDFAST_AUDIT_FORWARD: "nowhere"/u);
});
