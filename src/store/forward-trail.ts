import type { LocalChain } from '../core/audit/carry-step.ts';
import type { ForwardLook, ForwardStep } from '../core/audit/forward-step.ts';
import { arrayLiteral } from './array-literal.ts';
import { readChains, readRecordsBehind } from './audit-rows.ts';
import type { InstanceAddress, TransactionSql } from './connection.ts';
import { Link } from './link.ts';

/** The audit trail of the master, as the targets of forwarded records see it. */
export interface ForwardTrail {
  /** What a target lacks; of the rows, so many at most. */
  readonly look: (target: string, limit: number) => Promise<ForwardLook>;
  /** Notes how far a target is. It is never set back. */
  readonly delivered: (target: string, step: Pick<ForwardStep, 'progress' | 'afterId'>) => Promise<void>;
  readonly end: () => Promise<void>;
}

const session = {
  // A failover may lose the newest notes: then records are sent again.
  synchronous_commit: 'local',
  statement_timeout: 30_000,
  lock_timeout: 2000,
  // Rows are wanted in the order of an index and from where it was left, however large the tables are.
  enable_seqscan: false,
  enable_bitmapscan: false,
};

export function openForwardTrail(address: InstanceAddress): ForwardTrail {
  const link = new Link(address, { name: 'holdfast audit forwarder', session });
  return {
    // One snapshot: what a chain's head says is there, is there, or is gone.
    look: (target, limit) =>
      link.use((sql) =>
        sql.begin('isolation level repeatable read read only', (tx) => look(tx, target, limit)),
      ),
    delivered: (target, { progress, afterId }) =>
      link.use(async (sql) => {
        await sql`
          with noted as (
            insert into forward_targets (target, after_id) values (${target}, ${String(afterId)}::bigint)
            on conflict (target) do update set after_id = greatest(forward_targets.after_id, excluded.after_id))
          insert into forwards (target, chain, seq)
          select ${target}, q.chain, q.seq
          from unnest(${idsOf(progress)}::int[], ${numbersOf(progress)}::bigint[]) as q(chain, seq)
          on conflict (target, chain) do update set seq = excluded.seq where forwards.seq < excluded.seq`;
      }),
    end: () => link.end(),
  };
}

async function look(tx: TransactionSql, target: string, limit: number): Promise<ForwardLook> {
  // A segment that the snapshot has lets nobody drop it now; one that is gone has left its note in `chains` before.
  await tx`lock table only messages in access share mode`;
  const chains = await readChains(tx, lackedBy(tx, target));
  const sent = await readSent(tx, target, chains);
  const [facts] = await tx<{ xmin: string; xmax: string; lastId: string; afterId: string }[]>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as xmin, pg_snapshot_xmax(pg_current_snapshot())::text as xmax,
      (select last_value::text from messages_ids) as "lastId",
      coalesce((select after_id from forward_targets where target = ${target}), 0)::text as "afterId"`;
  if (facts === undefined) throw new Error('the snapshot of the trail says nothing');
  const afterId = BigInt(facts.afterId);
  const rows = chains.length === 0 ? [] : await readRecordsBehind(tx, sent, { after: afterId, limit });
  return {
    chains,
    sent,
    afterId,
    rows,
    isComplete: rows.length < limit,
    snapshot: { xmin: BigInt(facts.xmin), xmax: BigInt(facts.xmax), lastId: BigInt(facts.lastId) },
  };
}

function lackedBy(tx: TransactionSql, target: string) {
  return tx`seq > greatest(pruned_seq,
    (select f.seq from forwards f where f.target = ${target} and f.chain = chains.id), 0)`;
}

async function readSent(
  tx: TransactionSql,
  target: string,
  chains: readonly LocalChain[],
): Promise<ReadonlyMap<number, number>> {
  const ids = arrayLiteral(chains.map(({ id }) => id));
  const known = await tx<{ chain: number; seq: string }[]>`
    select chain, seq::text from forwards where target = ${target} and chain = any(${ids}::int[])`;
  const seqs = new Map(known.map(({ chain, seq }) => [chain, Number(seq)]));
  return new Map(chains.map(({ id, pruned }) => [id, Math.max(seqs.get(id) ?? 0, pruned?.seq ?? 0)]));
}

function idsOf(progress: ReadonlyMap<number, number>): string {
  return arrayLiteral([...progress.keys()]);
}

function numbersOf(progress: ReadonlyMap<number, number>): string {
  return arrayLiteral([...progress.values()]);
}
