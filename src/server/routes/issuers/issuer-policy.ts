import type { FullId } from '../../../core/ids.ts';
import type { LoadMode } from '../../../core/policy/types.ts';
import type { AuditRecord } from '../../../core/audit/audit-record.ts';
import type { TransactionSql } from '../../../store/connection.ts';
import { addPolicyVersion, nextPolicyVersion } from '../../../store/policy-versions.ts';
import { PolicyRefused } from '../../answers/refusals.ts';
import { changeRecord } from '../../audit/policy-changes.ts';
import type { CallerCall } from '../../http/route.ts';

/**
 * Loads a policy that we wrote ourselves on behalf of a caller, who has the privilege for it: as if it came in by
 * `/policies`. Call it under the lock of the account's policies.
 *
 * @returns the audit records of what it changed
 * @throws PolicyRefused
 */
export async function loadOwnPolicy(
  sql: TransactionSql,
  call: CallerCall,
  load: { readonly policyId: FullId; readonly mode: LoadMode; readonly text: string },
): Promise<readonly AuditRecord[]> {
  const { policyId, mode, text } = load;
  // The YAML parser is heavy, and what plans a load is not small; most workers never see an issuer.
  const { readPolicy } = await import('../../../core/policy/read.ts');
  const { applyPlan, planLoad } = await import('../../../store/load-policy.ts');
  const reading = readPolicy(text);
  if (!reading.ok) throw new PolicyRefused('policy_invalid', reading.fault.message, reading.fault);
  const outcome = await planLoad(sql, {
    policyId,
    mode,
    statements: reading.statements,
    rules: { hostsNameApiKey: false },
  });
  if (!outcome.ok) throw new PolicyRefused('policy_invalid', outcome.fault.message);
  const [refusal] = outcome.plan.refusals;
  if (refusal !== undefined) throw new PolicyRefused(refusal.code, refusal.message);
  await applyPlan(sql, call.context.store.dataKey, outcome.plan);
  const version = await nextPolicyVersion(sql, policyId);
  const { roleId } = call.caller;
  await addPolicyVersion(sql, { policyId, version, roleId, text, address: call.address });
  const made = { user: roleId, policyId, version };
  return outcome.plan.changes.map((change) => changeRecord(call, made, change));
}
