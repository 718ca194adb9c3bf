import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { findSubnet, layNetwork, removeNetwork } from '../../demo/network.ts';
import { addressOf, bridge, inNamespace, namespaceOf, planNetwork, uplink } from '../../demo/network-plan.ts';
import { runCommand } from '../../runtime/run-command.ts';
import { clearFaults } from './clear-faults.ts';
import {
  cutFrom,
  cutFromEtcd,
  cutFromEverybody,
  cutFromStandbys,
  cutOneWay,
  delayed,
  lossy,
} from './faults.ts';
import type { NetworkFault } from './network-fault.ts';
import type { DrillNetwork } from './place.ts';

const etcdPort = 7001;
const postgresPort = 7002;
const needsRoot = process.getuid?.() === 0 ? false : 'network namespaces need root';

/** Answers on both ports, and says what comes by UDP. */
const server = `
for (const port of [${etcdPort}, ${postgresPort}]) require('node:net').createServer((s) => s.on('error', () => 0).pipe(s)).listen(port);
require('node:dgram').createSocket('udp4').on('message', (m) => console.log(String(m))).bind(7003, () => console.log('ready'));
`;

interface Machine {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
}

interface Place {
  readonly network: DrillNetwork;
  readonly machines: Readonly<Record<'n1' | 'n2' | 'n3', Machine>>;
  /** The server of n1. */
  readonly listener: ChildProcess;
}

/** Three namespaces on a bridge with a server in each: what a demo has, without the cluster. */
async function layPlace(t: TestContext): Promise<Place> {
  const dir = `faults-test-${process.pid}-${t.name}`;
  const plan = planNetwork(dir, await findSubnet(dir));
  const machine = (name: string, at: number): Machine => ({
    name,
    namespace: namespaceOf(plan, name),
    address: addressOf(plan, at),
  });
  const machines = { n1: machine('n1', 0), n2: machine('n2', 1), n3: machine('n3', 2) };
  t.after(() => removeNetwork(plan)); // ends the servers, too
  await layNetwork(plan, Object.values(machines));
  const servers = Object.values(machines).map(({ namespace }) => serve(namespace));
  const [listener] = await Promise.all(servers);
  const ports = { postgresPorts: [postgresPort], etcdPorts: [etcdPort] };
  const nodes = Object.keys(machines).map((name) => ({ name, ...ports }));
  assert.ok(listener);
  return { network: { hub: plan.hub, bridge, uplink, nodes }, machines, listener };
}

async function serve(namespace: string): Promise<ChildProcess> {
  const [program, ...args] = [...inNamespace(namespace), process.execPath, '-e', server];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

/** Whether a machine reaches a port of another one. */
async function reaches(from: Machine, to: Machine, port: number): Promise<boolean> {
  const door = `TCP:${to.address}:${port},connect-timeout=1`;
  const argv = [...inNamespace(from.namespace), 'socat', '-u', 'OPEN:/dev/null', door];
  return (await runCommand(argv, { timeoutMs: 5_000 })).code === 0;
}

/** How long a connection from here takes to stand, in milliseconds; null: it does not within two seconds. */
async function connectMs(address: string): Promise<number | null> {
  const startedAt = performance.now();
  const socket = connect({ host: address, port: postgresPort });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(2_000) });
    return performance.now() - startedAt;
  } catch {
    return null;
  } finally {
    socket.destroy();
  }
}

/** The quickest of a few: a busy machine makes single ones late. */
async function quickestMs(address: string): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 5; turn += 1)
    quickest = Math.min(quickest, (await connectMs(address)) ?? quickest);
  return quickest;
}

/** What the rules of the whole hub are, without counters. */
async function rulesIn(hub: string): Promise<string> {
  const { stdout } = await runCommand([...inNamespace(hub), 'nft', '--stateless', 'list', 'ruleset'], {
    timeoutMs: 5_000,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  return stdout.trim();
}

/** Makes a fault, lets `look` look, and sees that undoing it leaves nothing, as often as one likes. */
async function during(hub: string, fault: NetworkFault, look: () => Promise<void>): Promise<void> {
  assert.equal(await fault.obstacle(), null);
  await fault.undo(); // nothing was made: no failure
  await fault.apply();
  try {
    await look();
  } finally {
    await fault.undo();
  }
  await fault.undo();
  assert.equal(await rulesIn(hub), '', fault.title);
}

test('cuts part those that they name, as they are told, and nobody else', { skip: needsRoot }, async (t) => {
  const { network, machines } = await layPlace(t);
  const { hub } = network;
  const { n1, n2, n3 } = machines;
  assert.equal(await reaches(n1, n2, etcdPort), true);

  await during(hub, cutFromEverybody(network, 'n1'), async () => {
    assert.deepEqual(
      [await reaches(n1, n2, etcdPort), await reaches(n3, n1, etcdPort), await connectMs(n1.address)],
      [false, false, null],
    );
    assert.equal(await reaches(n2, n3, etcdPort), true);
  });
  const one = cutFrom({ network, node: 'n1', peers: ['n2'] });
  await during(hub, one, async () => {
    assert.deepEqual([await reaches(n1, n2, etcdPort), await reaches(n1, n3, etcdPort)], [false, true]);
    assert.equal(await reaches(n2, n1, etcdPort), false);
    assert.equal(await one.isInEffect(), true);
  });
  assert.equal(await reaches(n1, n2, etcdPort), true);

  const etcd = cutFromEtcd(network, 'n1');
  await during(hub, etcd, async () => {
    assert.equal(await etcd.isInEffect(), false, 'nobody has tried yet');
    assert.deepEqual([await reaches(n1, n2, etcdPort), await reaches(n1, n2, postgresPort)], [false, true]);
    assert.equal(await etcd.isInEffect(), false, 'one way only');
    assert.equal(await reaches(n2, n1, etcdPort), false);
    assert.equal(await etcd.isInEffect(), true);
    await etcd.apply();
    assert.equal(await etcd.isInEffect(), false, 'made anew, it counts anew');
  });
  await during(hub, cutFromStandbys({ network, node: 'n1', peers: ['n2'] }), async () => {
    assert.deepEqual(
      [
        await reaches(n1, n2, etcdPort),
        await reaches(n2, n1, postgresPort),
        await reaches(n3, n1, postgresPort),
      ],
      [true, false, true],
    );
  });
});

test('a one-way cut leaves the other way open', { skip: needsRoot }, async (t) => {
  const { network, machines, listener } = await layPlace(t);
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  const hear = async (word: string, timeoutMs: number): Promise<boolean> => {
    const heard = once(listener.stdout ?? listener, 'data', { signal: AbortSignal.timeout(timeoutMs) });
    socket.send(word, 7003, machines.n1.address);
    return heard.then(
      ([text]) => String(text).includes(word),
      () => false,
    );
  };
  assert.equal(await hear('before', 5_000), true);
  const mute = cutOneWay({ network, node: 'n1', peers: [uplink] }, 'out');
  await during(network.hub, mute, async () => {
    assert.equal(await hear('out is cut', 5_000), true);
    assert.equal(await connectMs(machines.n1.address), null, 'no answer gets back');
    assert.equal(await mute.isInEffect(), true);
  });
  const deaf = cutOneWay({ network, node: 'n1', peers: [uplink] }, 'in');
  await during(network.hub, deaf, async () => {
    assert.equal(await hear('in is cut', 500), false);
    assert.equal(await deaf.isInEffect(), true);
  });
});

test('loss and delay are felt, and gone when they are undone', { skip: needsRoot }, async (t) => {
  const { network, machines } = await layPlace(t);
  const { hub } = network;
  const loss = lossy(network, 'n1', 30);
  await during(hub, loss, async () => {
    const deadline = performance.now() + 20_000;
    while (!(await loss.isInEffect())) {
      assert.ok(performance.now() < deadline, 'thirty of a hundred packets are lost');
      await Promise.all(Array.from({ length: 20 }, () => connectMs(machines.n1.address)));
    }
  });
  const slow = delayed(network, 'n1', 500);
  const obstacle = await slow.obstacle();
  if (obstacle !== null) return t.skip(obstacle);
  await during(hub, slow, async () => {
    const took = (await connectMs(machines.n1.address)) ?? 0;
    assert.ok(took >= 490, `a connection took ${took} ms`);
    assert.equal(await slow.isInEffect(), true);
    const other = await quickestMs(machines.n2.address);
    assert.ok(other < 490, `a connection to somebody else took ${other} ms`);
  });
  const after = await quickestMs(machines.n1.address);
  assert.ok(after < 490, `a connection took ${after} ms when the delay was over`);
});

test('what a killed drill left is taken away by the next, and nothing else', {
  skip: needsRoot,
}, async (t) => {
  const { network } = await layPlace(t);
  const { hub } = network;
  await cutFromEverybody(network, 'n1').apply();
  await lossy(network, 'n2', 30).apply();
  const [program, ...args] = [...inNamespace(hub), '/usr/sbin/nft', 'add', 'table', 'inet', 'other'];
  await once(spawn(program, args), 'exit');
  await clearFaults(hub);
  assert.match(await rulesIn(hub), /^table inet other \{\s*\}$/u);
});

test('the faults of a network that is gone are undone already, and cannot be made', {
  skip: needsRoot,
}, async (t) => {
  const gone: DrillNetwork = { hub: `no-${process.pid}-${t.name.length}`, bridge, uplink, nodes: [] };
  const fault = cutFrom({ network: gone, node: 'n1', peers: ['n2'] });
  await fault.undo();
  await clearFaults(gone.hub);
  assert.match((await fault.obstacle()) ?? '', /no network namespace/u);
  await assert.rejects(fault.apply());
});
