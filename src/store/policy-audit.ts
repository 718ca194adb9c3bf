import { Problem } from '../core/problem.ts';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { appendToChain, beginChain, type WrittenChain } from './audit-chain.ts';
import { inChunks } from './policy-chunks.ts';
import type { Writes } from './writes.ts';

/** Longer than the load that happens inside, so that it is never the trail that ends first. */
const trailWaitMs = 45_000;

/** Puts records into the trail: durable once `withTrail` has resolved. */
export type AppendRecords = <T>(items: readonly T[], recordOf: (item: T) => AuditRecord) => Promise<void>;

/**
 * Runs `work`, which writes to the data instance, inside a transaction of the audit trail. `append` puts records into it
 * while the work goes on; when this resolves they are durable, on the synchronous standby too. The work commits first, so
 * no record tells of what was not done; and when it fails, it leaves no record.
 *
 * @throws Problem `audit_unavailable`; and what `work` throws
 */
export async function withTrail<T>(
  { trail, node }: { readonly trail: Writes; readonly node: string },
  work: (append: AppendRecords) => Promise<T>,
): Promise<T> {
  const failures: { readonly error: unknown }[] = [];
  try {
    return await trail.transaction(async (sql) => {
      await sql`select set_config('synchronous_commit', 'on', true),
        set_config('idle_in_transaction_session_timeout', ${String(trailWaitMs)}, true)`;
      let chain: WrittenChain | null = null; // one of its own, which comes and goes with the transaction
      const append: AppendRecords = async (items, recordOf) => {
        try {
          for (const chunk of inChunks(items)) {
            chain = await appendToChain(sql, chain ?? (await beginChain(sql, node)), chunk.map(recordOf));
          }
        } catch (error) {
          throw unavailable(error);
        }
      };
      try {
        return await work(append);
      } catch (error) {
        failures.push({ error });
        throw error;
      }
    }, trailWaitMs);
  } catch (error) {
    const [failure] = failures;
    throw failure === undefined ? unavailable(error) : failure.error;
  }
}

function unavailable(cause: unknown): Problem {
  return new Problem(
    'audit_unavailable',
    'The audit trail of this node cannot take the records of the load.',
    {
      cause,
    },
  );
}
