import type { SignPlace } from '../core/audit/checkpoint.ts';
import type { SegmentFacts } from '../core/audit/retention.ts';
import { storeCheckpoint } from './audit-checkpoints.ts';
import type { Sql } from './connection.ts';

/** Any number that nothing else in this database uses as an advisory lock. */
const lockKey = 4_386_801;
/** Who waits for a table keeps everybody waiting who comes after. */
const tableWaitMs = 1000;

/** The oldest first. */
export async function listSegments(sql: Sql): Promise<readonly SegmentFacts[]> {
  const rows = await sql<{ number: number; openedAt: Date; bytes: string }[]>`
    select number, opened_at as "openedAt",
      coalesce(pg_total_relation_size(to_regclass('messages_' || number)), 0)::text as bytes
    from segments order by number`;
  return rows.map(({ bytes, ...row }) => ({ ...row, bytes: Number(bytes) }));
}

/** Opens a new segment, to which all that is written from then on goes. Writers are not held up. */
export async function openSegment(sql: Sql): Promise<number> {
  return sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${lockKey})`;
    await tx`select set_config('lock_timeout', ${String(tableWaitMs)}, true)`;
    const [newest] = await tx<{ number: number }[]>`select max(number) as number from segments`;
    const number = (newest?.number ?? 0) + 1;
    const table = tx(`messages_${number}`);
    // Attached, and not made as a partition: that would lock out writers (manual, 5.11.2).
    await tx`create table ${table} (like messages including defaults)`;
    await tx`alter table messages attach partition ${table} for values in (${tx.unsafe(String(number))})`;
    await tx`insert into segments (number) values (${number})`;
    return number;
  });
}

/**
 * Throws a segment away that is not written to any more. Each of its chains remembers how far it is gone, and `sign` vouches for
 * it, so that the rest verifies. Neither writers nor readers are held up: whoever reads it keeps it until the end. May be called again after an
 * interruption, at whatever point.
 *
 * @throws when it is the newest segment
 */
export async function dropSegment(sql: Sql, number: number, sign: SignPlace): Promise<void> {
  const [newest] = await sql<{ number: number }[]>`select max(number) as number from segments`;
  if (number === newest?.number) throw new Error(`segment ${number} is being written to`);
  const name = `messages_${number}`;
  const [found] = await sql<{ attached: boolean; pending: boolean }[]>`
    select i.inhrelid is not null as attached, coalesce(i.inhdetachpending, false) as pending
    from pg_class c left join pg_inherits i on i.inhrelid = c.oid where c.oid = to_regclass(${name})`;
  if (found?.attached === true) {
    await rememberPruned(sql, name, sign);
    const how = found.pending ? sql`finalize` : sql`concurrently`;
    await sql`alter table messages detach partition ${sql(name)} ${how}`;
  }
  if (found !== undefined) await rescueLate(sql, name);
  await sql`drop table if exists ${sql(name)}`;
  await sql`delete from segments where number = ${number}`;
}

/** What somebody wrote here who had looked for the newest segment long ago, and was held up, goes to that which is the newest now. */
async function rescueLate(sql: Sql, name: string): Promise<void> {
  await sql`
    insert into messages (id, facility, severity, "timestamp", hostname, appname, procid, msgid, sdata, message, also, segment,
      chain, seq, hash)
    select m.id, m.facility, m.severity, m."timestamp", m.hostname, m.appname, m.procid, m.msgid, m.sdata, m.message, m.also,
      (select max(number) from segments), m.chain, m.seq, m.hash
    from ${sql(name)} m join chains c on c.id = m.chain
    where m.seq > coalesce(c.pruned_seq, 0)
      and not exists (select from messages n where n.id = m.id)`;
}

/** In one transaction with the signature: a chain that was cut has one, always. */
async function rememberPruned(sql: Sql, name: string, sign: SignPlace): Promise<void> {
  await sql.begin(async (tx) => {
    const cut = await tx<{ id: number; node: string; chain: string; seq: string; hash: string }[]>`
      with gone as (
        select distinct on (chain) chain, seq, hash from ${tx(name)} where chain is not null order by chain, seq desc)
      update chains c set pruned_seq = gone.seq, pruned_hash = gone.hash from gone
      where c.id = gone.chain and coalesce(c.pruned_seq, 0) < gone.seq
      returning c.id, c.node, c.chain, gone.seq::text as seq, encode(gone.hash, 'hex') as hash`;
    for (const { id, node, chain, seq, hash } of cut) {
      const head = { seq: Number(seq), hash };
      await storeCheckpoint(tx, id, head, sign({ node, chain, ...head }));
      await tx`delete from checkpoints where chain = ${id} and seq < ${seq}`;
    }
  });
}
