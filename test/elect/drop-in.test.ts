import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Contender } from '../../bench/elect/contender.ts';
import { startConsul, type TestConsulCluster } from '../../src/elector/testing/consul.ts';
import { awaitKey, passingWithTag, readKey } from '../../src/elector/testing/consul-view.ts';
import { type Footprint, footprint } from './footprint.ts';
import { type Pair, startPair } from './pair.ts';

/** One configuration of the original, and what its tasks are registered with. */
interface Case {
  readonly name: string;
  readonly service: { readonly name: string; readonly tags?: readonly string[]; readonly meta?: object };
  readonly env: Readonly<Record<string, string>>;
  readonly replica: string | null;
}

const quick = { CONSUL_LEADER_SLEEP: '1', CONSUL_LEADER_TTL: '10s' };

const cases: readonly Case[] = [
  {
    name: 'nothing but the defaults',
    service: { name: 'consul-leader' },
    env: {},
    replica: null,
  },
  {
    name: 'a service, and a tag for those who do not lead',
    service: { name: 'db' },
    env: { ...quick, CONSUL_LEADER_SERVICE_NAME: 'db', CONSUL_LEADER_REPLICA_LABEL: 'replica' },
    replica: 'replica',
  },
  {
    name: 'a key, tags and a lock-delay of its own, and entries with tags and Meta of others',
    service: { name: 'web', tags: ['v1', 'urlprefix-/'], meta: { version: '7' } },
    env: {
      ...quick,
      CONSUL_LEADER_SERVICE_NAME: 'web',
      CONSUL_LEADER_KEY: '/elections/web/leader',
      CONSUL_LEADER_PRIMARY_LABEL: 'active',
      CONSUL_LEADER_REPLICA_LABEL: 'passive',
      CONSUL_LEADER_TTL: '0m20s', // the first election takes one of them
      CONSUL_LEADER_LOCKDELAY: '5s',
    },
    replica: 'passive',
  },
];

let consul: TestConsulCluster;
before(async () => {
  consul = await startConsul();
});
after(() => consul.stop());

suite('a drop-in for the polling sidecar: the same in Consul, entry by entry', () => {
  for (const one of cases) {
    test(`with ${one.name}`, async () => {
      const theirs = await elected('polling', one);
      const ours = await elected('ours', one);
      assert.equal(theirs.sessions.length, 2, 'the reference has left what there is to compare');
      assert.deepEqual(ours, theirs);
    });
  }
});

/** What there is to see once the first task leads and the second one has joined. */
async function elected(contender: Contender, { service, env, replica }: Case): Promise<Footprint> {
  const pair = await startPair(consul.first, { tags: [], ...service, meta: { ...service.meta } }, env);
  const primary = env['CONSUL_LEADER_PRIMARY_LABEL'] ?? 'primary';
  try {
    pair.start(contender, 0);
    await pair.until((first) => first.session !== null && first.tags.includes(primary));
    pair.start(contender, 1);
    await pair.until(
      (_, second) => second.session !== null && (replica === null || second.tags.includes(replica)),
    );
    return await footprint(consul.first.api, pair.tasks);
  } finally {
    await pair.stop();
  }
}

suite('both kinds of sidecar in one election, as while images are replaced one by one', () => {
  const env = {
    CONSUL_LEADER_SERVICE_NAME: 'mixed',
    CONSUL_LEADER_REPLICA_LABEL: 'replica',
    CONSUL_LEADER_TTL: '2s',
    CONSUL_LEADER_SLEEP: '0.5',
  };
  const key = 'consul-leader/mixed/lock';

  async function settle(pair: Pair, leader: 0 | 1): Promise<void> {
    await pair.until((first, second) => {
      const [leads, follows] = leader === 0 ? [first, second] : [second, first];
      return leads.tags.includes('primary') && follows.tags.includes('replica');
    });
    assert.deepEqual(await passingWithTag(consul.first.api, 'mixed', 'primary'), [
      pair.tasks[leader].service.id,
    ]);
    const held = await readKey(consul.first.api, key);
    assert.equal(held?.Session, (await pair.tasks[leader].service.entry())?.Meta['session']);
  }

  test('ours follows a polling leader, leads after it, and hands over to a polling one', async () => {
    const pair = await startPair(consul.first, { name: 'mixed' }, env);
    try {
      const polling = pair.start('polling', 0);
      await pair.until((first) => first.tags.includes('primary'));
      const ours = pair.start('ours', 1);
      await settle(pair, 0);
      const held = await readKey(consul.first.api, key);
      await polling.end('SIGKILL');
      await awaitKey(
        consul.first.api,
        key,
        (entry) => entry?.Session !== undefined && entry.Session !== held?.Session,
        20_000,
      );
      await pair.until((_, second) => second.tags.includes('primary'));
      pair.start('polling', 0);
      await settle(pair, 1);
      await ours.end('SIGTERM');
      await pair.until((first, second) => first.tags.includes('primary') && !second.tags.includes('primary'));
    } finally {
      await pair.stop();
    }
  });
});
