import { Problem } from '../../core/problem.ts';
import type { ConsulAnswer, ConsulCall, ConsulHttp } from './http.ts';

/** What a call is for, so that a refusal can be told in one line. */
export interface Purpose {
  /** `the session is renewed`: what does not happen if it fails. */
  readonly what: string;
  /** The rule that a token needs for it, in the words of Consul's ACL. */
  readonly permission: string;
}

/**
 * A call whose refusals are Problems; `accept` names statuses besides 200 that say something.
 *
 * @throws Problem `consul_denied` (with the permission that is missing), `consul_refused` (asking again will not help),
 *   `consul_unavailable` (Consul has no leader, or too much to do), `consul_unreachable`, `consul_unanswered`
 */
export async function ask(
  http: ConsulHttp,
  call: ConsulCall,
  purpose: Purpose,
  accept: readonly number[] = [],
): Promise<ConsulAnswer> {
  const answer = await http.call(call);
  if (answer.status === 200 || accept.includes(answer.status)) return answer;
  throw refusal(answer, purpose, http);
}

/** Passing troubles: too slow, too early, too much (RFC 9110, RFC 8470, RFC 6585), of Consul or of a proxy before it. */
const passing: readonly number[] = [408, 425, 429];

/** What Consul says for good although it answers 500, as it does to most wrong requests. */
const final = /Invalid Session TTL|Invalid (?:Behavior|node|service|query)|Enterprise/iu;

/** A datacenter that there is not, or that is cut off: an agent always has a path to its own. */
const nowhere = /No path to datacenter|Unknown datacenter/iu;

/** Passes where the catalogue lags behind, and never where another datacenter is meant. */
const elsewhere = /Missing node registration/iu;

function refusal(
  { status, text }: ConsulAnswer,
  { what, permission }: Purpose,
  { where, datacenter }: Pick<ConsulHttp, 'where' | 'datacenter'>,
): Problem {
  const said = text.replaceAll(/\s+/gu, ' ').trim().slice(0, 300);
  if (status === 403 || /ACL not found|Permission denied/u.test(said)) {
    const hint = /ACL not found/u.test(said)
      ? 'It does not know the token: check CONSUL_HTTP_TOKEN.'
      : `The token lacks the permission ${permission}.`;
    return new Problem('consul_denied', `Consul at ${where} denies that ${what}. ${hint}`);
  }
  if (/^Check .* is in .* state/iu.test(said)) {
    return new Problem(
      'consul_check_critical',
      `Consul at ${where} denies that ${what} while a check fails: ${said}.`,
    );
  }
  if (nowhere.test(said) && datacenter !== null) {
    return new Problem(
      'consul_refused',
      `CONSUL_DATACENTER: Consul at ${where} has no path to the datacenter "${datacenter}". Name the agent's own, or none.`,
    );
  }
  if ((status < 500 && !passing.includes(status)) || final.test(said)) {
    return new Problem('consul_refused', `Consul at ${where} refuses that ${what}: ${said} (${status}).`);
  }
  const hint = elsewhere.test(said) ? ' Is CONSUL_DATACENTER, where it is set, that of this agent?' : '';
  return new Problem(
    'consul_unavailable',
    `Consul at ${where} cannot do now that ${what}: ${said} (${status}).${hint}`,
  );
}

/**
 * The JSON of an answer.
 *
 * @throws Problem `consul_unavailable` when it is none
 */
export function jsonOf(answer: ConsulAnswer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    throw new Problem('consul_unavailable', 'Consul answered something that is no JSON.', { cause });
  }
}

/** An object whose fields are not known yet. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown): Fields {
  if (isFields(value)) return value;
  throw new Problem('consul_unavailable', 'Consul answered something else than it is documented to.');
}

export function listOf(value: unknown): readonly Fields[] {
  if (value === null) return [];
  if (!Array.isArray(value))
    throw new Problem('consul_unavailable', 'Consul answered no list where one belongs.');
  return value.map(fieldsOf);
}

export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

export function countOf(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' ? value : 0;
}
