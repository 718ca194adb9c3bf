import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { readProcess } from '../../runtime/process-facts.ts';
import { type ProcessCluster, processCluster } from '../testing/process-cluster.ts';
import { catalogue } from './catalogue.ts';
import type { Fault } from './fault.ts';

const names = ['n1', 'n2', 'n3'];

function fault(name: string): Fault {
  const found = catalogue.find((one) => one.name === name);
  assert.ok(found !== undefined, name);
  return found;
}

/** By their first letter in proc(5). */
function states({ process }: ProcessCluster): readonly string[] {
  return names.map((name) => readProcess(process(name).pid ?? 0)?.state ?? 'gone');
}

/** The signal that ended a node. */
async function died({ process }: ProcessCluster, name: string): Promise<NodeJS.Signals | null> {
  const child = process(name);
  if (child.signalCode === null) await once(child, 'exit');
  return child.signalCode;
}

const stopped = (state: string): boolean => state === 'T';

/** Says on its own that it is master, as its probe would have heard it. */
function claim({ log }: ProcessCluster, node: string, term: number): void {
  log.see({ node, askedAt: 0, answeredAt: 0, says: { role: 'master', ok: false, term } });
}

test('each fault has a name of its own', () => {
  assert.equal(new Set(catalogue.map(({ name }) => name)).size, catalogue.length);
});

test('a majority of etcd is stopped, no more, and goes on when the fault is undone', async (t) => {
  const cluster = await processCluster(t, names);
  const struck = await fault('etcd-quorum').strike(cluster.scene);
  assert.equal(await struck.takesEffect(), true);
  assert.equal(states(cluster).filter(stopped).length, 2);
  assert.equal(struck.targets.length, 2);
  await struck.undo();
  await struck.undo(); // once more harms nobody
  assert.equal(states(cluster).some(stopped), false);
});

test('a quorum that cannot be stopped is no effect', async (t) => {
  const cluster = await processCluster(t, names);
  for (const name of names) cluster.process(name).kill('SIGKILL');
  const struck = await fault('etcd-quorum').strike(cluster.scene);
  assert.equal(await struck.takesEffect(), false);
  await struck.undo();
});

test('every node ends, in an order that the seed decides', async (t) => {
  const orders = [];
  for (const seed of [1, 1, 2]) {
    const cluster = await processCluster(t, names, seed);
    const struck = await fault('restart-all-nodes').strike(cluster.scene);
    assert.equal(await struck.takesEffect(), true);
    for (const name of names) assert.equal(await died(cluster, name), 'SIGKILL');
    orders.push(struck.targets.join(' '));
  }
  assert.equal(orders[0], orders[1]);
  assert.notEqual(orders[0], orders[2]);
});

test('the next master is killed once it says that it is master of a later term', async (t) => {
  const cluster = await processCluster(t, names);
  const struck = await fault('new-master-three-times').strike(cluster.scene);
  const effect = struck.takesEffect();
  await died(cluster, 'n1');
  claim(cluster, 'n2', 1); // of the old term: nobody to kill
  claim(cluster, 'n3', 2);
  await died(cluster, 'n3');
  assert.equal(cluster.process('n2').signalCode, null);
  claim(cluster, 'n2', 3);
  await died(cluster, 'n2');
  // Nobody else shows itself: the chain ends, and is a fault all the same.
  assert.equal(await effect, true);
  assert.deepEqual(struck.targets, ['n1', 'n3', 'n2']);
});
