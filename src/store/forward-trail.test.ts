import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { testRecord } from '../core/testing/test-record.ts';
import { forwardBacklog, forwardStep, horizonAfter, noHorizon } from '../core/audit/forward-step.ts';
import { appendToChain, beginChain } from './audit-chain.ts';
import { dropSegment, openSegment } from './audit-segments.ts';
import type { Sql } from './connection.ts';
import { type ForwardTrail, openForwardTrail } from './forward-trail.ts';
import { signOfTests } from './testing/signatures.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';

describe('the trail as targets of forwarded records see it', { timeout: 60_000 }, () => {
  let held: ProvisionedStore;
  let trail: ForwardTrail;
  let horizon = noHorizon;
  before(async () => {
    held = await startProvisionedStore();
    trail = openForwardTrail(held.addresses.audit);
  });
  after(async () => {
    await trail.end();
    await held.stop();
  });

  const inTrail = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    held.postgres.inDatabase(held.addresses.audit, work);
  const append = (...messages: readonly string[]): Promise<void> =>
    held.store.audit.append(messages.map(recordOf), 'local');
  const lookFor = (target: string) => trail.look(target, 100);

  /** What the target lacks is delivered: the messages, and records that are missing. */
  async function deliver(target: string): Promise<readonly string[]> {
    const look = await lookFor(target);
    horizon = horizonAfter(horizon, look.snapshot);
    const step = forwardStep(look, 100, horizon);
    await trail.delivered(target, step);
    return [
      ...step.rows.map(({ record }) => record.message),
      ...step.missing.map(({ from, to }) => `no ${from}-${to}`),
    ];
  }

  it('begins for each target at the first record that is kept', async () => {
    await append('one', 'two');
    assert.equal(forwardBacklog(await lookFor('a')), 2);
    assert.deepEqual(await deliver('a'), ['one', 'two']);
    assert.deepEqual(await deliver('a'), []);
    await append('three');
    assert.deepEqual(await deliver('a'), ['three']);
    assert.deepEqual(await deliver('b'), ['one', 'two', 'three']);
    const { chains, rows, isComplete } = await lookFor('a');
    assert.deepEqual({ chains, rows, isComplete }, { chains: [], rows: [], isComplete: true });
  });

  it('gives so many rows at most, and says that there are more', async () => {
    const look = await trail.look('c', 2);
    assert.deepEqual(
      look.rows.map(({ record }) => record.message),
      ['one', 'two'],
    );
    assert.equal(look.isComplete, false);
  });

  it('still has a record whose transaction ends behind later ones', async () => {
    const mayEnd = Promise.withResolvers<void>();
    const isWritten = Promise.withResolvers<void>();
    const late = inTrail((sql) =>
      sql.begin(async (tx) => {
        await appendToChain(tx, await beginChain(tx, 'late'), [recordOf('late')]);
        isWritten.resolve();
        await mayEnd.promise;
      }),
    );
    await isWritten.promise;
    for (const message of ['a', 'b', 'c', 'd']) {
      await append(message);
      assert.deepEqual(await deliver('a'), [message]);
    }
    mayEnd.resolve();
    await late;
    assert.deepEqual(await deliver('a'), ['late']);
    assert.deepEqual(await deliver('a'), []);
  });

  it('need not be looked through from its beginning', async () => {
    for (let turn = 0; turn < 8; turn += 1) {
      await append('more');
      assert.deepEqual(await deliver('a'), ['more']);
    }
    const [lowest] = await inTrail(
      (sql) => sql<{ id: string }[]>`select min(id)::text as id from messages where message = 'more'`,
    );
    const { afterId } = await lookFor('a');
    assert.ok(afterId > BigInt(lowest?.id ?? 0), String(afterId));
  });

  it('never sets a target back', async () => {
    const known = await lookFor('a');
    await trail.delivered('a', { progress: new Map([[1, 1]]), afterId: 0n });
    const { chains, afterId } = await lookFor('a');
    assert.deepEqual(chains, []);
    assert.equal(afterId, known.afterId);
  });

  it('does not wait for what the retention threw away, and tells what else is missing', async () => {
    await append('thrown away');
    const segment = await inTrail(openSegment);
    await append('kept');
    await inTrail((sql) => dropSegment(sql, segment - 1, signOfTests));
    assert.deepEqual(await deliver('a'), ['kept']);
    assert.deepEqual(await deliver('d'), ['kept']);
    await append('five', 'six', 'seven');
    await inTrail((sql) => sql`delete from messages where message in ('five', 'seven')`);
    const [, gap] = await deliver('a');
    assert.match(gap ?? '', /^no (\d+)-\1$/);
    assert.deepEqual((await lookFor('a')).chains, []);
  });

  function recordOf(message: string): AuditRecord {
    return testRecord(message);
  }
});
