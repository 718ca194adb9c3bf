import type { Plan } from '../../core/policy/types.ts';
import { accountOf, splitFullId } from '../../core/ids.ts';
import { descendantsWithout, holdCaller } from '../../store/access.ts';
import type { TransactionSql } from '../../store/connection.ts';
import { applyPlan, planLoad } from '../../store/load-policy.ts';
import type { LoaderStore } from '../../store/loader-store.ts';
import { type AppendRecords, withTrail } from '../../store/policy-audit.ts';
import type { NewRole } from '../../store/policy-credentials.ts';
import {
  addPolicyVersion,
  lockPolicies,
  nextPolicyVersion,
  translateLoadError,
} from '../../store/policy-versions.ts';
import { forbidden, PolicyRefused } from '../answers/refusals.ts';
import { changeRecord } from '../audit/policy-changes.ts';
import { requireAccess } from '../routes/require-access.ts';
import { jsonBody } from './json-body.ts';
import type { JobAnswer, LoadJob } from './job.ts';
import { type PolicyText, readPolicyText } from './policy-text.ts';

/** What a load is carried out with. */
export interface LoadNeeds {
  readonly store: LoaderStore;
  /** How long its transaction may take, ms: it may be thousands of rows, so longer than other writes. */
  readonly writeMs: number;
  /** Is called when the load may have been written, whatever becomes of this thread. */
  readonly committing: () => void;
}

/**
 * Loads a policy: reads the text, then plans, writes and records it in one transaction on each database.
 *
 * @throws Problem, as a client is told it
 */
export async function performLoad(
  { store, writeMs, committing }: LoadNeeds,
  job: LoadJob,
): Promise<JobAnswer> {
  // Whoever may not load it is told so before the work of reading it; the transaction asks again.
  await store.snapshots.run((sql) => requireLoad(sql, job));
  const text = readPolicyText(job.text);
  return withTrail(store, (append) =>
    store.writes.transaction(async (sql) => {
      try {
        const answer = await load(sql, store, { job, text, append });
        committing();
        return answer;
      } catch (error) {
        throw translateLoadError(error);
      }
    }, writeMs),
  );
}

async function load(
  sql: TransactionSql,
  store: LoaderStore,
  { job, text, append }: { job: LoadJob; text: PolicyText; append: AppendRecords },
): Promise<JobAnswer> {
  const { policyId, caller, address } = job;
  // In this order: one that holds the lock and deletes this caller waits for nobody who waits for it.
  await lockPolicies(sql, accountOf(policyId));
  if (!(await holdCaller(sql, caller))) throw forbidden();
  await requireLoad(sql, job);
  const version = await nextPolicyVersion(sql, policyId);
  const plan = await planned(sql, job, text);
  const source = {
    context: { wallClock: () => job.nowMs },
    request: { id: job.requestId },
    address,
  };
  const made = { user: caller.roleId, policyId, version };
  const created = await bothDone(
    applyPlan(sql, store.dataKey, plan),
    append(plan.changes, (change) => changeRecord(source, made, change)),
  );
  await addPolicyVersion(sql, { policyId, version, roleId: caller.roleId, text: text.text, address });
  return loadAnswer(created, version, plan.warnings);
}

/** The outcome of `work`, when `beside` is done too; what is still under way is never left behind. */
async function bothDone<T>(work: Promise<T>, beside: Promise<void>): Promise<T> {
  const [outcome, other] = await Promise.allSettled([work, beside]);
  if (outcome.status === 'rejected') throw outcome.reason;
  if (other.status === 'rejected') throw other.reason;
  return outcome.value;
}

/** @throws Problem `record_not_found`, `forbidden` */
export async function requireLoad(sql: TransactionSql, job: LoadJob): Promise<void> {
  const { caller, policyId, privilege, mode } = job;
  await requireAccess(sql, caller.roleId, privilege, policyId);
  if (mode !== 'replace') return;
  const [first] = await descendantsWithout(sql, caller.roleId, 'update', splitFullId(policyId));
  if (first !== undefined) throw forbidden();
}

/** @throws PolicyRefused */
export async function planned(sql: TransactionSql, job: LoadJob, text: PolicyText): Promise<Plan> {
  const { policyId, mode, hostsNameApiKey } = job;
  const outcome = await planLoad(sql, {
    policyId,
    mode,
    statements: text.statements,
    rules: { hostsNameApiKey },
  });
  if (!outcome.ok) {
    const { message, line, column } = outcome.fault;
    throw new PolicyRefused('policy_invalid', message, { line, column }, false);
  }
  const [refusal] = outcome.plan.refusals;
  if (refusal !== undefined) throw new PolicyRefused(refusal.code, refusal.message, refusal.at, false);
  return outcome.plan;
}

function loadAnswer(created: readonly NewRole[], version: number, warnings: readonly string[]): JobAnswer {
  const roles = created.map(({ roleId: id, apiKey }) => [id, { id, api_key: apiKey.reveal() }] as const);
  const body = { created_roles: Object.fromEntries(roles), version };
  return jsonBody(201, warnings.length === 0 ? body : { ...body, warnings });
}
