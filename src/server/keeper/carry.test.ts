import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { testRecord } from '../../core/testing/test-record.ts';
import { placeSigner, signedBy } from '../../identity/audit-signature.ts';
import { createLogger } from '../../runtime/log.ts';
import { type AuditTrail, openAuditTrail } from '../../store/audit.ts';
import { type TrailReport, verifyTrail } from '../../store/testing/verify-trail.ts';
import { dropSegment, openSegment } from '../../store/audit-segments.ts';
import type { Sql } from '../../store/connection.ts';
import { type KeptTrail, openKeptTrail } from '../../store/kept-trail.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from '../../store/testing/temporary-postgres.ts';
import { migrate } from '../../store/migrate.ts';
import { startTestNode, stateNow, type TestNode } from '../testing/test-node.ts';
import { startWorker, type Worker } from '../worker.ts';
import { carry } from './carry.ts';
import { openPusher, type Pusher } from './push.ts';

/** The node that the certificate of the test names: it is master and follower. */
const self = 'localhost';

describe('what a follower carries to its master', { timeout: 120_000 }, () => {
  let node: TestNode;
  let worker: Worker;
  let postgres: TemporaryPostgres;
  let written: AuditTrail;
  let kept: KeptTrail;
  let pusher: Pusher;
  let term = 1;
  let carrying: { readonly end: () => Promise<void> };
  const log = createLogger({ name: 'test', level: 'silent' });

  before(async () => {
    node = await startTestNode();
    worker = await startWorker(await node.settings(), log, () => undefined);
    worker.obey(stateNow({ members: [self] }));
    postgres = await startTemporaryPostgres();
    await inFollower((sql) => migrate(sql, 'audit'));
    const address = { ...postgres.address, node: self };
    const sign = placeSigner(node.tls, Date.now);
    written = openAuditTrail(address);
    kept = openKeptTrail(address, sign);
    pusher = openPusher(node.tls, sign);
    carrying = started();
  });
  after(async () => {
    await carrying.end();
    pusher.end();
    await Promise.all([written.end(), kept.end()]);
    await worker.stop();
    await postgres.stop();
    await node.stop();
  });

  function started(): typeof carrying {
    const over = new AbortController();
    const running = carry({
      trail: kept,
      pusher,
      master: () => [{ host: '127.0.0.1', port: worker.ports.peer }],
      term: () => term,
      paceMs: () => 0,
      onBacklog: () => undefined,
      log,
      signal: over.signal,
    });
    return {
      end: async () => {
        over.abort();
        await running;
      },
    };
  }

  const inFollower = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    postgres.inDatabase(postgres.address, work);
  const inMaster = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    node.audit.inDatabase(node.audit.address, work);
  const verified = (): Promise<TrailReport> => inMaster((sql) => verifyTrail(sql, signedBy));
  const append = (...messages: readonly string[]): Promise<void> =>
    written.append(messages.map(recordOf), 'local');

  /** Waits until the master has a record, and gives those of a writer in their order. */
  async function arrived(last: string): Promise<readonly string[]> {
    for (;;) {
      const messages = await inMaster(
        (sql) => sql<{ message: string }[]>`
        select message from messages where appname = 'test' order by messages.id`,
      );
      if (messages.at(-1)?.message === last) return messages.map(({ message }) => message);
      await sleep(20);
    }
  }

  it('comes in order, once, and also behind what the master has lost and the follower has thrown away', async () => {
    await append('1', '2', '3', '4');
    await arrived('4');
    await inFollower(async (sql) => {
      const segment = await openSegment(sql);
      await dropSegment(sql, segment - 1, placeSigner(node.tls, Date.now));
    });
    // What an accepted loss does: the next master has less of the chain.
    await inMaster(async (sql) => {
      await sql`delete from messages where appname = 'test' and seq > 2`;
      await sql`delete from checkpoints where seq > 2`;
      await sql`update chains set seq = 2, hash = (select hash from messages m where m.chain = chains.id and m.seq = 2)
        where node = ${self} and seq = 4`;
    });
    term += 1;
    await append('5', '6');
    assert.deepEqual(await arrived('6'), ['1', '2', '5', '6']);
    await append('7');
    await arrived('7');
    await carrying.end();
    carrying = started(); // it knows nothing, and sends again what may be there
    await append('8');
    assert.deepEqual(await arrived('8'), ['1', '2', '5', '6', '7', '8']);
    const { faults } = await verified();
    assert.deepEqual(
      faults.map(({ kind, ...where }) => [kind, 'seq' in where ? where.seq : null]),
      [['forgotten', 4]],
      'the loss shows, and nothing else',
    );
  });

  it('of one chain comes although a record of another is missing', async () => {
    await append('hole 1');
    await arrived('hole 1');
    await carrying.end();
    await append('hole 2', 'hole 3');
    await inFollower((sql) => sql`delete from messages where message = 'hole 2'`);
    carrying = started();
    await written.append([recordOf('another chain')], 'replicated');
    assert.ok(!(await arrived('another chain')).includes('hole 3'));
  });

  it('is written to the newest segment when it came late to one that is thrown away', async () => {
    await inFollower(async (sql) => {
      const segment = await openSegment(sql);
      const [chain] = await sql<{ id: number }[]>`select id from chains order by id limit 1`;
      await sql`
        insert into messages (facility, severity, "timestamp", appname, procid, msgid, message, segment, chain, seq, hash)
        values (10, 6, now(), 'late', '1', 'test', 'late', ${segment - 1}, ${chain?.id ?? 0}, 1000, '\\x00')`;
      // As if it had come after the place was noted to which the chain is gone.
      await sql`update chains set pruned_seq = 999 where id = ${chain?.id ?? 0}`;
      await sql`alter table messages detach partition ${sql(`messages_${segment - 1}`)}`;
      await dropSegment(sql, segment - 1, placeSigner(node.tls, Date.now));
      const rows = await sql<{ segment: number }[]>`select segment from messages where appname = 'late'`;
      assert.deepEqual([...rows], [{ segment }]);
    });
  });

  function recordOf(message: string): AuditRecord {
    return testRecord(message, { appname: 'test' });
  }
});
