import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startConsul, type TestConsulCluster } from '../../src/elector/testing/consul.ts';
import {
  awaitKey,
  awaitPassingWithTag,
  readKey,
  readSessions,
} from '../../src/elector/testing/consul-view.ts';
import { type Electorate, startElectorate } from './electorate.ts';
import { handOver } from './handover.ts';

let consul: TestConsulCluster;
let electorate: Electorate;
before(async () => {
  consul = await startConsul();
  const quick = { CONSUL_LEADER_TTL: '2s', CONSUL_LEADER_SLEEP: '0.5' };
  electorate = await startElectorate(consul.first, 'polling', 'reference', { env: quick });
});
after(async () => {
  await electorate.stop();
  await consul.stop();
});

test('the polling reference elects one leader, and writes what the original writes', async () => {
  const leader = await electorate.settled();
  const { api } = consul.first;
  const entry = await leader.service.entry();
  const session = (await readKey(api, 'consul-leader/reference/lock'))?.Session;
  assert.equal(entry?.Meta['session'], session);
  assert.deepEqual(entry?.Tags, ['primary']);
  const named = (await readSessions(api)).filter(({ Name }) => Name === 'Consul-Leader API Lock: reference');
  assert.deepEqual(
    named.map(({ TTL, LockDelay, Behavior }) => [TTL, LockDelay, Behavior]),
    [
      ['2s', 0, 'release'],
      ['2s', 0, 'release'],
    ],
  );
});

test('the polling reference comes back from a key that was deleted', async () => {
  const { api } = consul.first;
  await electorate.settled();
  await api.ask('DELETE', `kv/${electorate.key}`);
  await awaitKey(api, electorate.key, (entry) => entry?.Session !== undefined, 10_000);
  await electorate.settled();
});

test('the polling reference lets a whole TTL pass before it takes over, also when the leader ends in order', async () => {
  const leader = await electorate.settled();
  const { freedMs, taggedMs } = await handOver(consul.first.api, electorate, 'SIGTERM');
  assert.ok(freedMs > 1000, `the key was free after ${freedMs} ms`);
  assert.ok(taggedMs >= freedMs);
  const tagged = await awaitPassingWithTag(
    consul.first.api,
    'reference',
    'primary',
    (ids) => ids.length === 2,
    5000,
  );
  assert.ok(tagged.includes(leader.service.id), 'the dead leader keeps its tag: nobody takes it away');
});
