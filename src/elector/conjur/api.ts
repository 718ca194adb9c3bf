import type { ApiAnswer, ApiRequest } from '../../client/exchange.ts';
import { pathOf } from '../../client/path.ts';
import { errorOf, jsonOf, recordOf, textOf } from '../../client/refusal.ts';
import { unexpectedAnswer } from '../../client/unexpected.ts';
import type { LeaderLoad, LeaderPolicy } from '../../core/election/conjur/terms.ts';
import { places } from '../../core/election/conjur/places.ts';
import type { DatedAnswer } from '../../core/election/conjur/server-time.ts';
import { fullId } from '../../core/ids.ts';
import { formatLogPosition, positionHeader } from '../../core/log-position.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import type { Caller, CallerAnswer, SendBounds } from './caller.ts';

/** The requests of an election. None of them is ever sent twice. */
export interface ElectionApi {
  readonly account: string;
  /** Of the client's monotonic clock. */
  readonly nowMs: () => number;
  /** Sent along with what reads. */
  readonly readHeaders: Readonly<Record<string, string>>;
  /** Called with each answer that says what time it is at the server. */
  readonly onDated: (answer: DatedAnswer) => void;
}

/** `current-leader`. */
export interface LeaderHost {
  /** Unix time in milliseconds. */
  readonly madeMs: number;
  /** Its annotation `host`: what the leader is called. */
  readonly name: string;
}

/** What a POST to the policy `leader` made. */
export interface LoadedLeader {
  readonly version: number;
  /** Of hosts that this load made, by identifier; null: it was made without a key. */
  readonly apiKeys: ReadonlyMap<string, Secret<string> | null>;
}

/**
 * What only a master answers: a follower of Holdfast waits until it has read as far as this says, which it never has, and then refuses.
 * A server that knows nothing of positions passes over it.
 */
export const fromMaster: Readonly<Record<string, string>> = {
  [positionHeader]: formatLogPosition({ timeline: 2 ** 32 - 1, lsn: 2n ** 64n - 1n }),
};

/** @param version null: the newest @returns null: it has none */
export async function readExpirationText(
  api: ElectionApi,
  caller: Caller,
  bounds: SendBounds,
  version: number | null = null,
): Promise<string | null> {
  const path = pathOf(['secrets', api.account, 'variable', places.expiration], { version });
  const answer = await get(api, caller, { attempt: `read ${places.expiration}`, path }, bounds);
  return answer === null ? null : textOf(answer);
}

/** The number of the newest value of the expiration; null: it has none. */
export async function readExpirationVersion(
  api: ElectionApi,
  caller: Caller,
  bounds: SendBounds,
): Promise<number | null> {
  const attempt = `show variable:${places.expiration}`;
  const path = pathOf(['resources', api.account, 'variable', places.expiration]);
  const answer = await get(api, caller, { attempt, path }, bounds);
  const versions = listOf(answer, 'secrets').flatMap(({ version }) =>
    typeof version === 'number' ? [version] : [],
  );
  return versions.length === 0 ? null : Math.max(...versions);
}

export async function readLeaderHost(
  api: ElectionApi,
  caller: Caller,
  bounds: SendBounds,
): Promise<LeaderHost | null> {
  const attempt = `show host:${places.currentLeader}`;
  const path = pathOf(['resources', api.account, 'host', places.currentLeader]);
  const answer = await get(api, caller, { attempt, path }, bounds);
  if (answer === null) return null;
  const name = listOf(answer, 'annotations').find((annotation) => annotation['name'] === 'host')?.['value'];
  return {
    madeMs: instantOf(recordOf(jsonOf(answer))?.['created_at'], attempt),
    name: typeof name === 'string' ? name : 'unknown',
  };
}

/** @throws Problem `api_missing` when the policy was never loaded, or the caller may not see it */
export async function readLeaderPolicy(
  api: ElectionApi,
  caller: Caller,
  bounds: SendBounds,
): Promise<LeaderPolicy> {
  const attempt = `show policy:${places.leader}`;
  const path = pathOf(['resources', api.account, 'policy', places.leader]);
  const answer = await get(api, caller, { attempt, path }, bounds);
  if (answer === null) throw noPolicy(attempt);
  const loads = listOf(answer, 'policy_versions').map((load): LeaderLoad => {
    const { version, created_at: made, policy_text: text } = load;
    if (typeof version !== 'number' || typeof text !== 'string') throw unexpectedAnswer(attempt);
    return { version, madeMs: instantOf(made, attempt), text };
  });
  return { madeMs: instantOf(recordOf(jsonOf(answer))?.['created_at'], attempt), loads };
}

/** A load of the policy `leader`. `text` is asked at the moment of sending; what it throws is thrown, and nothing sent. */
export async function sendLeader(
  api: ElectionApi,
  caller: Caller,
  method: 'PUT' | 'POST',
  text: () => string,
  bounds: SendBounds,
): Promise<CallerAnswer> {
  const attempt = `${method === 'PUT' ? 'replace' : 'load'} the policy ${places.leader}`;
  const path = pathOf(['policies', api.account, 'policy', places.leader]);
  const headers = { 'content-type': 'application/x-yaml' };
  const request = { attempt, method, path, headers };
  const answer = await dated(api, caller, () => ({ ...request, body: text() }), bounds);
  if (answer.status === 404) throw noPolicy(attempt);
  if (answer.status === 409 || answer.status < 300) return answer;
  throw refusalFor(answer, 'create and update on it, and update on all that it holds');
}

/** What such a load made. */
export function loadedLeader(api: ElectionApi, answer: ApiAnswer): LoadedLeader {
  const { version, created_roles: roles } = recordOf(jsonOf(answer)) ?? {};
  if (typeof version !== 'number') throw unexpectedAnswer(`load the policy ${places.leader}`);
  const prefix = fullId(api.account, 'host', '');
  const made = Object.entries(recordOf(roles) ?? {}).map(([id, role]) => {
    const key = recordOf(role)?.['api_key'];
    const apiKey = typeof key === 'string' && key !== '' ? new Secret(key) : null;
    return [id.startsWith(prefix) ? id.slice(prefix.length) : id, apiKey] as const;
  });
  return { version, apiKeys: new Map(made) };
}

/** Writes the expiration, as `text` says at the moment of sending. The answer may be any: what a refusal means is for the caller. */
export function sendExpiration(
  api: ElectionApi,
  caller: Caller,
  text: () => string,
  bounds: SendBounds,
): Promise<CallerAnswer> {
  const request = {
    attempt: `set ${places.expiration}`,
    method: 'POST',
    path: pathOf(['secrets', api.account, 'variable', places.expiration]),
  } as const;
  return dated(api, caller, () => ({ ...request, body: text() }), bounds);
}

async function get(
  api: ElectionApi,
  caller: Caller,
  { attempt, path }: { readonly attempt: string; readonly path: string },
  bounds: SendBounds,
): Promise<ApiAnswer | null> {
  const request: ApiRequest = { attempt, method: 'GET', path, headers: api.readHeaders };
  const answer = await dated(api, caller, () => request, bounds);
  if (answer.status === 404) return null;
  if (answer.status < 300) return answer;
  // Its code says no more than that the service is unavailable.
  if (answer.status === 503 && /\bfollower\b/u.test(errorOf(answer)?.message ?? '')) {
    throw new Problem(
      'api_unavailable',
      `Cannot ${attempt}: a follower answers, and elections are held on the master. Use its address, or that of a load balancer before it.`,
    );
  }
  throw refusalFor(answer, 'read and execute');
}

async function dated(
  api: ElectionApi,
  caller: Caller,
  make: () => ApiRequest,
  bounds: SendBounds,
): Promise<CallerAnswer> {
  let sentMs = api.nowMs();
  const answer = await caller.send(() => {
    const request = make();
    sentMs = api.nowMs();
    return request;
  }, bounds);
  const dateMs = Date.parse(answer.header('date') ?? '');
  if (Number.isFinite(dateMs)) api.onDated({ dateMs, sentMs, receivedMs: api.nowMs() });
  return answer;
}

function refusalFor(answer: CallerAnswer, privileges: string): Problem {
  const refusal = answer.refusal();
  if (answer.status !== 403) return refusal;
  return new Problem(
    'api_forbidden',
    `${refusal.detail} An election needs ${privileges}: the group ${places.members} gives that.`,
  );
}

function noPolicy(attempt: string): Problem {
  return new Problem(
    'api_missing',
    `Cannot ${attempt}: it does not exist, or may not be seen. Load the policy of elections ("holdfast sync init" does), and make this host a member of ${places.members}.`,
  );
}

function listOf(answer: ApiAnswer | null, field: string): readonly Readonly<Record<string, unknown>>[] {
  const list = answer === null ? null : recordOf(jsonOf(answer))?.[field];
  return Array.isArray(list) ? list.map((entry) => recordOf(entry) ?? {}) : [];
}

function instantOf(value: unknown, attempt: string): number {
  const instant = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (!Number.isFinite(instant)) throw unexpectedAnswer(attempt);
  return instant;
}
