import { deletionText } from '../../core/election/conjur/leader-texts.ts';
import { lockState, needsOlder } from '../../core/election/conjur/lock-state.ts';
import { type ServerNow, serverNow, type ServerTime } from '../../core/election/conjur/server-time.ts';
import {
  latestVersion,
  type LeaderLoad,
  type LeaderPolicy,
  type Term,
  termOf,
  tokenOf,
} from '../../core/election/conjur/terms.ts';
import type { SeenLock } from '../../core/election/backend.ts';
import { Problem } from '../../core/problem.ts';
import {
  type ElectionApi,
  type LeaderHost,
  readExpirationText,
  readExpirationVersion,
  readLeaderHost,
  readLeaderPolicy,
} from './api.ts';
import type { Caller, SendBounds } from './caller.ts';

/** The election as it was seen. */
export interface Look {
  readonly lock: SeenLock;
  /** The value of the expiration that this rests on. */
  readonly expiration: string | null;
  /** What the leader is called; null: nobody leads, or has won and not yet written a lease. */
  readonly leader: string | null;
  /** By the client's clock: then the lock may be free. Null: it is. */
  readonly freeAtMs: number | null;
  /** By the client's clock: then, at the latest, somebody sent the first load of a take-over, and the second is not there yet. */
  readonly clearedAtMs: number | null;
}

export interface LookDeps {
  readonly api: ElectionApi;
  /** A member. */
  readonly caller: Caller;
  readonly leaseMs: number;
  readonly serverTime: () => ServerTime | null;
}

/** Looks at an election: at its expiration first, then at its leader. */
export function openLook(deps: LookDeps): (bounds: SendBounds) => Promise<Look> {
  let known: { readonly leader: LeaderHost; readonly term: Term } | null = null;

  /** Read once for each leader: its term stays what it is. */
  const termOfLeader = async (leader: LeaderHost, bounds: SendBounds): Promise<Term> => {
    if (known?.leader.madeMs === leader.madeMs && known.leader.name === leader.name) return known.term;
    const policy = await readLeaderPolicy(deps.api, deps.caller, bounds);
    const version = latestVersion(policy);
    const unknown = { token: tokenOf(policy, version), version, session: null };
    const term = termOf(policy, leader.madeMs) ?? unknown;
    known = { leader, term };
    return term;
  };

  return async (bounds) => {
    const expiration = await readExpirationText(deps.api, deps.caller, bounds);
    const leader = await readLeaderHost(deps.api, deps.caller, bounds);
    if (leader === null) return lookAtNobody(deps, expiration, bounds);
    const term = await termOfLeader(leader, bounds);
    return lookAtLeader(deps, { expiration, leader, term }, bounds);
  };
}

async function lookAtNobody(deps: LookDeps, expiration: string | null, bounds: SendBounds): Promise<Look> {
  const policy = await readLeaderPolicy(deps.api, deps.caller, bounds);
  const reading = { expirations: listOf(expiration), leaderMadeMs: null };
  const state = lockState(reading, nowAtServer(deps), deps.leaseMs);
  const version = latestVersion(policy);
  const isUnsettled = state.kind === 'free' && state.isUnsettled;
  const cursor = `${version} of nobody${isUnsettled ? ', unsettled' : ''}`;
  const lock = { holder: null, token: tokenOf(policy, version), isUnsettled, cursor };
  return { lock, expiration, leader: null, freeAtMs: null, clearedAtMs: clearedAt(deps, policy) };
}

async function lookAtLeader(
  deps: LookDeps,
  seen: { readonly expiration: string | null; readonly leader: LeaderHost; readonly term: Term },
  bounds: SendBounds,
): Promise<Look> {
  const { expiration, leader, term } = seen;
  const reading = { expirations: listOf(expiration), leaderMadeMs: leader.madeMs };
  const now = nowAtServer(deps);
  const state = needsOlder(reading, now, deps.leaseMs)
    ? lockState({ ...reading, expirations: await readExpirations(deps, bounds) }, now, deps.leaseMs)
    : lockState(reading, now, deps.leaseMs);
  const { token } = term;
  if (state.kind === 'free') {
    const { isUnsettled } = state;
    const cursor = `${token} ${isUnsettled ? 'unsettled' : 'free'}`;
    const lock = { holder: null, token, isUnsettled, cursor };
    return { lock, expiration, leader: null, freeAtMs: null, clearedAtMs: null };
  }
  const holder = term.session ?? `${leader.name}, term ${term.version}`;
  const { isProven } = state;
  const lock = { holder, token, isUnsettled: false, cursor: `${token} held` };
  return {
    lock,
    expiration,
    leader: isProven ? leader.name : null,
    freeAtMs: clientMoment(deps, state.untilMs),
    clearedAtMs: null,
  };
}

/** Null: the newest load is another's, as of an administrator who deleted the leader's host. */
function clearedAt({ api, serverTime }: LookDeps, { loads }: LeaderPolicy): number | null {
  const newest = loads.reduce<LeaderLoad | null>(
    (latest, load) => (latest === null || load.version > latest.version ? load : latest),
    null,
  );
  if (newest?.text.trim() !== deletionText.trim()) return null;
  const nowMs = api.nowMs();
  return nowMs - Math.max(0, nowAtServer({ api, serverTime }).lowMs - newest.madeMs);
}

/**
 * The host is this contender's, and it has no key of its writer: the answer to its load is lost, or not there yet. It leads by nothing
 * then, and waits as for anybody else's lease.
 */
export function unanswered(seen: Look): Look {
  const { lock } = seen;
  return {
    ...seen,
    leader: null,
    lock: { ...lock, holder: `${lock.holder}, unanswered`, cursor: `${lock.cursor}, unanswered` },
  };
}

function listOf(expiration: string | null): readonly string[] {
  return expiration === null ? [] : [expiration];
}

/** Beyond the one that counts: one to see who wrote it, and some of strangers. */
const mostValues = 5;

/** The newest values of the expiration, the newest first. */
async function readExpirations({ api, caller }: LookDeps, bounds: SendBounds): Promise<readonly string[]> {
  const newest = await readExpirationVersion(api, caller, bounds);
  const values: string[] = [];
  for (let version = newest ?? 0; version > 0 && values.length < mostValues; version -= 1) {
    const value = await readExpirationText(api, caller, bounds, version);
    if (value === null) break; // it is not kept any more
    values.push(value);
  }
  return values;
}

/** @throws Problem `api_unexpected` when no answer had a date */
export function nowAtServer({ api, serverTime }: Pick<LookDeps, 'api' | 'serverTime'>): ServerNow {
  const known = serverTime();
  if (known === null) {
    throw new Problem(
      'api_unexpected',
      'the answers of the server have no Date, by which leases are compared. Does a proxy remove it?',
    );
  }
  return serverNow(known, api.nowMs());
}

/** When the client's clock surely shows that moment of the server's. */
function clientMoment({ api, serverTime }: LookDeps, serverMs: number): number {
  const nowMs = api.nowMs();
  const known = serverTime();
  return known === null ? nowMs : nowMs + Math.max(0, serverMs - serverNow(known, nowMs).lowMs);
}
