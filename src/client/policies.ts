import { Problem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';
import type { ConjurClient } from './client.ts';
import type { ApiAnswer, ApiRequest } from './exchange.ts';
import { pathOf } from './path.ts';
import { jsonOf, recordOf, textOf } from './refusal.ts';
import { knowsDryRun } from './server-version.ts';
import { unexpectedAnswer } from './unexpected.ts';

/** `load` adds only; `update` changes and deletes too; `replace` also deletes what the text does not name. */
export type PolicyMode = 'load' | 'update' | 'replace';

export interface PolicyText {
  readonly branch: string;
  readonly mode: PolicyMode;
  readonly text: string;
}

/** What a load made. */
export interface LoadedPolicy {
  readonly version: number;
  /** New users and hosts with the API keys that are told this once. */
  readonly createdRoles: readonly { readonly id: string; readonly apiKey: Secret<string> }[];
  readonly warnings: readonly string[];
}

/** One thing as a dry run shows it: its fields are those of the server. */
export type DryRunItem = Readonly<Record<string, unknown>>;

export interface PolicyChanges {
  readonly created: readonly DryRunItem[];
  readonly before: readonly DryRunItem[];
  readonly after: readonly DryRunItem[];
  readonly deleted: readonly DryRunItem[];
}

export interface PolicyFault {
  /** From 1; 0: the fault has no place. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type DryRun =
  | { readonly valid: true; readonly changes: PolicyChanges }
  | { readonly valid: false; readonly faults: readonly PolicyFault[] };

const methods = { load: 'POST', update: 'PATCH', replace: 'PUT' } as const;
/** Tens of thousands of rows take their time: a server gives itself 60 s, after up to 10 s behind other loads. */
const timeoutMs = 90_000;

/**
 * Loads a policy.
 *
 * @param options `repeatable`: it is sent again where no answer came. For texts that make no users and hosts alone: a load that was done
 * tells their API keys once
 */
export async function loadPolicy(
  client: ConjurClient,
  policy: PolicyText,
  { repeatable = false }: { readonly repeatable?: boolean } = {},
): Promise<LoadedPolicy> {
  const attempt = `${policy.mode} the policy ${policy.branch}`;
  const request = { ...policyRequest(client, policy, attempt, false), repeatable };
  const answer = recordOf(jsonOf(await client.send(request)));
  const { created_roles: roles, version, warnings } = answer ?? {};
  if (typeof version !== 'number') throw unexpectedAnswer(attempt);
  return {
    version,
    // One without a key must not cost the others theirs: the policy is loaded, and nobody tells them again.
    createdRoles: Object.values(recordOf(roles) ?? {}).flatMap((role) => {
      const { id, api_key: apiKey } = recordOf(role) ?? {};
      return typeof id === 'string' && typeof apiKey === 'string' ? [{ id, apiKey: new Secret(apiKey) }] : [];
    }),
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
  };
}

/**
 * What a load would change. Nothing is written.
 *
 * @throws Problem `api_not_allowed` when the server would load the policy instead of trying it
 */
export async function dryRunPolicy(client: ConjurClient, policy: PolicyText): Promise<DryRun> {
  const attempt = `try the policy ${policy.branch}`;
  if (!(await knowsDryRun(client))) {
    throw new Problem(
      'api_not_allowed',
      `Cannot ${attempt}: the server is older than Conjur 1.21.1, and can only load it.`,
    );
  }
  const answer = await client.send({ ...policyRequest(client, policy, attempt, true), expected: [422] });
  const outcome = recordOf(jsonOf(answer));
  if (answer.status === 422 && Array.isArray(outcome?.['errors'])) {
    return { valid: false, faults: outcome['errors'].map(faultOf) };
  }
  const faults = answer.status === 422 ? refusedOtherwise(answer) : null;
  if (faults !== null) return { valid: false, faults };
  if (outcome?.['status'] !== 'Valid YAML') throw unexpectedAnswer(attempt);
  const updated = recordOf(outcome['updated']);
  return {
    valid: true,
    changes: {
      created: itemsOf(outcome['created']),
      before: itemsOf(updated?.['before']),
      after: itemsOf(updated?.['after']),
      deleted: itemsOf(outcome['deleted']),
    },
  };
}

/** The policy as it is in effect, YAML (or JSON). */
export async function fetchPolicy(
  client: ConjurClient,
  wanted: {
    readonly branch: string;
    readonly depth: number | null;
    readonly limit: number | null;
    readonly form: 'yaml' | 'json';
  },
): Promise<string> {
  const { branch, depth, limit, form } = wanted;
  const answer = await client.send({
    attempt: `fetch the policy ${branch}`,
    method: 'GET',
    path: pathOf(['policies', client.account, 'policy', branch], { depth, limit }),
    headers: { 'content-type': form === 'json' ? 'application/json' : 'application/x-yaml' },
    timeoutMs,
  });
  return textOf(answer);
}

function policyRequest(
  client: ConjurClient,
  { branch, mode, text }: PolicyText,
  attempt: string,
  dryRun: boolean,
): ApiRequest {
  return {
    attempt,
    method: methods[mode],
    path: pathOf(['policies', client.account, 'policy', branch], { dryRun: dryRun ? true : null }),
    headers: { 'content-type': 'application/x-yaml' },
    body: text,
    repeatable: dryRun,
    timeoutMs,
  };
}

/** A 422 in the form of all other routes. */
function refusedOtherwise(answer: ApiAnswer): readonly PolicyFault[] | null {
  const error = recordOf(recordOf(jsonOf(answer))?.['error']);
  return typeof error?.['message'] === 'string' ? [faultOf(error)] : null;
}

function faultOf(value: unknown): PolicyFault {
  const { line, column, message } = recordOf(value) ?? {};
  return {
    line: typeof line === 'number' ? line : 0,
    column: typeof column === 'number' ? column : 0,
    message: typeof message === 'string' ? message : 'the policy is refused',
  };
}

function itemsOf(value: unknown): readonly DryRunItem[] {
  const items = recordOf(value)?.['items'];
  return Array.isArray(items) ? items.map((item) => recordOf(item) ?? {}) : [];
}
