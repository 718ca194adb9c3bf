import { json, anyText } from '../http/route-about.ts';
import { writeAs } from '../http/write-as.ts';
import { type FullId, fullId } from '../../core/ids.ts';
import type { Change, LoadMode, Plan, Statement } from '../../core/policy/types.ts';
import type { AuditRecord } from '../../store/audit.ts';
import { Problem } from '../../core/problem.ts';
import { callerExists, descendantsWithout } from '../../store/access.ts';
import type { Sql, TransactionSql } from '../../store/connection.ts';
import { applyPlan, planLoad } from '../../store/load-policy.ts';
import { addPolicyVersion, lockPolicies } from '../../store/policy-versions.ts';
import { jsonAnswer } from '../answers/answer.ts';
import { forbidden, policyFault, PolicyRefused } from '../answers/refusals.ts';
import { auditRecord } from '../audit/record.ts';
import { changeRecords } from '../audit/policy-changes.ts';
import { accountOfPath, bodyBytes, idOfPath, pathPart, queryText } from '../http/parameters.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { dryRunAnswer, dryRunRefusal } from './policy-dry-run.ts';
import { requireAccess } from './require-access.ts';

const policyLimitBytes = 10 * 1024 * 1024;
/** A load may be thousands of rows; its bound is wider than that of other writes. */
const loadWaitMs = 30_000;

const loadSummary: Readonly<Record<LoadMode, string>> = {
  append: 'Adds what the text has and the policy has not.',
  modify: 'Adds, changes, and deletes what the text names.',
  replace: 'Makes the policy what the text says; the rest is deleted.',
};

/** `POST`, `PATCH` and `PUT /policies/:account/policy/:id[?dryRun=true]`. */
export const policyRoutes: readonly Route[] = [
  policyRoute('POST', 'append', 'create'),
  policyRoute('PATCH', 'modify', 'update'),
  policyRoute('PUT', 'replace', 'update'),
];

interface Load {
  readonly policyId: FullId;
  readonly mode: LoadMode;
  readonly privilege: 'create' | 'update';
  readonly text: string;
  readonly statements: readonly Statement[];
}

function policyRoute(method: 'POST' | 'PATCH' | 'PUT', mode: LoadMode, privilege: Load['privilege']): Route {
  const records = new WeakMap<CallerCall['request'], readonly AuditRecord[]>();
  return {
    method,
    url: '/policies/:account/:kind/*',
    effect: (request) => (queryText(request, 'dryRun') === 'true' ? 'read' : 'write'),
    bodyLimitBytes: policyLimitBytes,
    token: 'required',
    about: {
      summary: loadSummary[mode],
      group: 'Policies',
      path: '/policies/{account}/policy/{identifier}',
      query: { dryRun: { about: '`true`: only say what would change.' } },
      body: { about: 'The policy.', content: { 'application/x-yaml': anyText } },
      answers: {
        200: json('Of a dry run: what would change.', { type: 'object' }),
        201: json('Keys of new users and hosts, and the version of the policy.', { type: 'object' }),
        403: 'The caller sees the policy, but may not change it.',
        404: 'There is no such policy, or the caller must not know of it.',
        409: 'Another load is under way; Retry-After says when to try again.',
        413: 'The text is larger than 10 MiB.',
        422: 'The text is no policy, or refers to what does not exist.',
      },
    },
    checksCaller: true,
    handle: async (call) => {
      const policyId = idOfPath(call.request, (kind) => kind === 'policy');
      const dryRun = queryText(call.request, 'dryRun') === 'true';
      const text = bodyBytes(call.request).toString();
      try {
        const load = { policyId, mode, privilege, text, statements: await readStatements(text) };
        if (dryRun)
          return jsonAnswer(await call.context.store.reads.run((sql) => dryRunAnswerFor(sql, call, load)));
        const { answer, changes, version } = await loadPolicy(call, load);
        records.set(call.request, changeRecords(call, changes, { id: policyId, version }));
        return jsonAnswer(answer, 201);
      } catch (error) {
        if (!dryRun || !(error instanceof PolicyRefused)) throw error;
        return jsonAnswer(dryRunRefusal(error, policyId, text), 422);
      }
    },
    audit: (call, failure) => records.get(call.request) ?? [loadRecord(call, mode, failure)],
  };
}

/** The YAML parser is loaded with the first policy: most workers never see one, and it weighs megabytes. */
async function readStatements(text: string): Promise<readonly Statement[]> {
  if (text.trim() === '') throw new Problem('validation_failed', 'policy_text is not present');
  const { readPolicy } = await import('../../core/policy/read.ts');
  const reading = readPolicy(text);
  if (!reading.ok) throw policyFault(reading.fault);
  return reading.statements;
}

interface Loaded {
  readonly answer: Readonly<Record<string, unknown>>;
  readonly changes: readonly Change[];
  readonly version: number;
}

async function loadPolicy(call: CallerCall, load: Load): Promise<Loaded> {
  const { store } = call.context;
  const { policyId, text } = load;
  return writeAs(
    call.context,
    call.caller,
    async (sql) => {
      await lockPolicies(sql, call.caller.account);
      await requireLoad(sql, call, load);
      const plan = await planned(sql, load);
      const created = await applyPlan(sql, store.dataKey, plan);
      const roleId = call.caller.roleId;
      const version = await addPolicyVersion(sql, { policyId, roleId, text, address: call.address });
      const createdRoles = Object.fromEntries(
        created.map(({ roleId: id, apiKey }) => [id, { id, api_key: apiKey.reveal() }]),
      );
      const warnings = plan.warnings.length === 0 ? {} : { warnings: plan.warnings };
      return {
        answer: { created_roles: createdRoles, version, ...warnings },
        changes: plan.changes,
        version,
      };
    },
    loadWaitMs,
  );
}

async function dryRunAnswerFor(sql: Sql, call: CallerCall, load: Load): Promise<unknown> {
  if (!(await callerExists(sql, call.caller))) throw forbidden();
  await requireLoad(sql, call, load);
  return dryRunAnswer(sql, call.caller.roleId, await planned(sql, load));
}

/** @throws PolicyRefused */
async function planned(sql: Sql | TransactionSql, load: Load): Promise<Plan> {
  const outcome = await planLoad(sql, load);
  if (!outcome.ok) throw new PolicyRefused('policy_invalid', outcome.fault.message);
  const { plan } = outcome;
  const [refusal] = plan.refusals;
  if (refusal !== undefined) throw new PolicyRefused(refusal.code, refusal.message);
  return plan;
}

async function requireLoad(sql: Sql | TransactionSql, call: CallerCall, load: Load): Promise<void> {
  const caller = call.caller.roleId;
  await requireAccess(sql, caller, load.privilege, load.policyId);
  if (load.mode !== 'replace') return;
  const branch = { account: accountOfPath(call.request), identifier: pathPart(call.request, '*') };
  const [first] = await descendantsWithout(sql, caller, 'update', branch);
  if (first !== undefined) throw forbidden();
}

function loadRecord(call: CallerCall, mode: LoadMode, failure: unknown): AuditRecord {
  const user = call.caller.roleId;
  const id = fullId(pathPart(call.request, 'account'), 'policy', pathPart(call.request, '*'));
  const dryRun = queryText(call.request, 'dryRun') === 'true';
  const loads = mode === 'append' ? 'create' : 'update';
  return auditRecord(call, {
    msgid: 'policy',
    operation: dryRun ? 'validate' : loads,
    user,
    subject: { resource: id },
    policy: { id },
    failure,
    sentence: `${user} validated a policy for ${id}`,
    attempt: dryRun ? 'Failed to validate policy' : 'Failed to load policy',
    notice: true,
  });
}
