import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isProblem } from '../core/problem.ts';
import { type AuditTrail, openAuditTrail } from './audit.ts';
import { openClient } from './connection.ts';
import { openProbe, type Probe } from './probe.ts';
import { prepareAudit } from './provision.ts';
import { openReads, type Reads } from './reads.ts';
import { stickCommits } from './testing/stuck-commits.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './testing/temporary-postgres.ts';
import { openWrites, type Writes } from './writes.ts';

/** Well above the pause after a loss (50 ms), well below one CONNECT_TIMEOUT (2 s). */
const backWithinMs = 1800;

interface Uses {
  readonly reads: Reads;
  readonly writes: Writes;
  readonly audit: AuditTrail;
  readonly probe: Probe;
}

describe('connections to a PostgreSQL that is killed and comes back', { timeout: 60_000 }, () => {
  let postgres: TemporaryPostgres;
  let uses: Uses;

  before(async () => {
    postgres = await startTemporaryPostgres();
    const audit = await postgres.createDatabase('audit');
    await prepareAudit(audit);
    uses = {
      reads: openReads(postgres.address),
      writes: openWrites(postgres.address),
      audit: openAuditTrail({ ...audit, node: 'node-1' }),
      probe: openProbe(postgres.address),
    };
    await uses.writes.transaction((sql) => sql`create table notes (id integer primary key, text text)`);
  });
  after(async () => {
    await Promise.all([uses.reads, uses.writes, uses.audit, uses.probe].map((use) => use.end()));
    await postgres.stop();
  });

  async function noted(): Promise<ReadonlySet<number>> {
    const rows = await uses.reads.run((sql) => sql<{ id: number }[]>`select id from notes`);
    return new Set(rows.map(({ id }) => id));
  }

  it('lets every connection work again at once, and tells no lie about any write', async () => {
    const load = startLoad(uses);
    try {
      for (const recoveryMs of [0, 0, 400]) {
        await delay(250);
        await postgres.crash();
        await delay(150);
        await postgres.restart(recoveryMs);
        await load.allSucceedAgain();
      }
    } finally {
      await load.stop();
    }
    const { confirmed, denied } = load;
    const found = await noted();
    assert.deepEqual(
      confirmed.filter((id) => !found.has(id)),
      [],
      'confirmed, but not there',
    );
    assert.deepEqual(
      denied.filter((id) => found.has(id)),
      [],
      'denied, but there',
    );
    assert.ok(confirmed.length > 100 && denied.length > 0, `${confirmed.length}, ${denied.length}`);
  });

  it('gives every writer back when the instance is killed while all COMMITs wait for a standby', async () => {
    const probe = openClient(postgres.address, { name: 'probe' });
    await stickCommits(postgres.superuser, probe);
    const stuck = Array.from({ length: 8 }, (_, n) =>
      uses.writes.transaction((sql) => sql`insert into notes values (${-1 - n}, 'stuck')`),
    );
    const outcomes = Promise.allSettled(stuck);
    await untilStuck(postgres, stuck.length);
    await postgres.crash();
    for (const outcome of await outcomes) {
      assert.ok(outcome.status === 'rejected' && isProblem(outcome.reason, 'write_indeterminate'));
    }
    await probe.end({ timeout: 0 });
    await postgres.restart();
    await postgres.superuser`alter system reset synchronous_standby_names`;
    await postgres.superuser`select pg_reload_conf()`;
    const startedAt = performance.now();
    const all = stuck.map(() => uses.writes.transaction((sql) => sql`select pg_sleep(0.1)`));
    await Promise.all(all);
    assert.ok(performance.now() - startedAt < backWithinMs);
  });

  it('lets the probe see the loss, and the return', async () => {
    await postgres.crash();
    await until(() => !uses.probe.answers(), 5000);
    await postgres.restart();
    await until(() => uses.probe.answers(), backWithinMs);
  });

  it('keeps what a transaction does after it lost its connection out of the next one', async () => {
    const writes = openWrites(postgres.address, 1);
    const nextBegan = Promise.withResolvers<void>();
    const lateSaid = Promise.withResolvers<unknown>();
    try {
      const first = writes.transaction(async (sql) => {
        await sql`insert into notes values (1000001, 'half')`;
        const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
        await postgres.superuser`select pg_terminate_backend(${row?.pid ?? 0})`;
        await nextBegan.promise;
        await sql`insert into notes values (1000002, 'late')`.then(lateSaid.resolve, lateSaid.resolve);
      });
      await assert.rejects(first, (error) => isProblem(error, 'store_unavailable'));
      await writes.transaction(async (sql) => {
        await sql`insert into notes values (1000003, 'next')`;
        nextBegan.resolve();
        assert.ok((await lateSaid.promise) instanceof Error);
        await sql`update notes set text = 'next, whole' where id = 1000003`;
      });
      const ids = await noted();
      assert.deepEqual(
        [1000001, 1000002, 1000003].map((id) => ids.has(id)),
        [false, false, true],
      );
    } finally {
      await writes.end();
    }
  });
});

interface Load {
  /** Ids of writes that were answered well. */
  readonly confirmed: readonly number[];
  /** Ids of writes of which it was said that nothing was written. */
  readonly denied: readonly number[];
  /** Resolves when each loop has begun and finished something since now; fails after `backWithinMs`. */
  readonly allSucceedAgain: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Eight writers, four readers and both audit lanes, without a pause. */
function startLoad({ reads, writes, audit }: Uses): Load {
  const confirmed: number[] = [];
  const denied: number[] = [];
  const stopping = new AbortController();
  let id = 0;
  const write = async (): Promise<void> => {
    id += 1;
    const own = id;
    try {
      await writes.transaction(async (sql) => {
        await sql`insert into notes values (${own}, 'half')`;
        await Promise.all([sql`select ${own}::int`, sql`select 1`]);
        if (own % 2 === 0) await delay(2);
        await sql`update notes set text = ${`whole ${own}`} where id = ${own}`;
      });
      confirmed.push(own);
    } catch (error) {
      if (!isProblem(error, 'write_indeterminate')) denied.push(own);
      throw error;
    }
  };
  const read = (): Promise<unknown> => reads.run((sql) => sql`select text from notes where id = ${id}`);
  const record = {
    facility: 4,
    severity: 6,
    timestamp: '2024-01-01T00:00:00.000Z',
    appname: 'conjur',
    procid: '-',
    msgid: 'fetch',
    sdata: {},
    message: 'load',
  };
  const works = [
    ...Array.from({ length: 8 }, () => write),
    ...Array.from({ length: 4 }, () => read),
    () => audit.append([record], 'local'),
    () => audit.append([record], 'replicated'),
  ];
  const succeededAt = works.map(() => Number.NEGATIVE_INFINITY);
  const loops = works.map(async (work, index) => {
    while (!stopping.signal.aborted) {
      const startedAt = performance.now();
      await work().then(
        () => (succeededAt[index] = startedAt),
        () => delay(5),
      );
    }
  });
  return {
    confirmed,
    denied,
    allSucceedAgain: async () => {
      const since = performance.now();
      await until(() => succeededAt.every((at) => at >= since), backWithinMs);
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

async function until(holds: () => boolean, withinMs: number): Promise<void> {
  const since = performance.now();
  while (!holds()) {
    assert.ok(performance.now() - since < withinMs, `not so within ${withinMs} ms`);
    await delay(5);
  }
}

async function untilStuck(postgres: TemporaryPostgres, count: number): Promise<void> {
  for (let seen = 0; seen < count; ) {
    const [row] = await postgres.superuser<{ n: number }[]>`
      select count(*)::int as n from pg_stat_activity where wait_event = 'SyncRep'`;
    seen = row?.n ?? 0;
    await delay(10);
  }
}
