import { plural } from '../../core/counts.ts';
import type { RunView, Standing } from './report.ts';

/** Times of the configuration in force, milliseconds. */
export interface HealthTimes {
  /** From the end of a pass to the next. */
  readonly everyMs: number;
  /** Of a leader; null: there is no election. */
  readonly leaseMs: number | null;
}

export interface Health {
  readonly healthy: boolean;
  /** What is wrong, or what an operator should know although nothing is. */
  readonly reason: string | null;
}

/** So many intervals without a pass are too many for one that writes; */
const intervals = 3;
/** but not less than this: the first pass of a large vault lists it for a while. */
const leastPatienceMs = 60_000;
/** A load balancer between two masters has nobody behind it for moments. */
const targetPatienceMs = 15_000;
/** Somebody follows a leader that is gone within a lease and 2 s. So many without one, and there is nobody who can. */
const leaderlessLeases = 3;

/**
 * Whether a synchronizer does what it should: a pass now and then when it writes, and waiting otherwise. A pause is what somebody wants, so
 * it is healthy: nothing that restarts it on ill health would help.
 *
 * @param now of the clock of the view, milliseconds
 */
export function judgeHealth(view: RunView, { everyMs, leaseMs }: HealthTimes, now: number): Health {
  if (view.pause !== null) {
    const { because } = view.pause;
    return { healthy: true, reason: because === null ? 'paused' : `paused: ${because}` };
  }
  const silent = targetFault(view, now);
  if (silent !== null) return ill(silent);
  if (view.standing.role === 'standby') return waiting(view.standing, view, leaseMs, now);
  if (view.diskFault !== null)
    return ill(`the state directory cannot be written (${view.diskFault}); "holdfast sync status" says why`);
  // What a term before this one ended with says nothing of this one.
  const lastPass = view.lastPass !== null && view.lastPass.endedAt >= view.roleSince ? view.lastPass : null;
  if (lastPass?.end === 'failed')
    return ill(`the last pass failed (${lastPass.code ?? 'unexpected'}); "holdfast sync status" says why`);
  if (lastPass?.end === 'stopped')
    return ill('the last pass stopped, for it would have removed more than one may; nothing is carried over');
  const patienceMs = Math.max(leastPatienceMs, intervals * everyMs);
  const sign = Math.max(lastPass?.endedAt ?? 0, view.progressAt ?? 0, view.roleSince);
  const ageMs = now - sign;
  if (ageMs > patienceMs) return ill(`no pass for ${Math.round(ageMs / 1000)} s`);
  // Nor does the status that a run before this one left.
  const status = lastPass === null ? null : view.status;
  const unread = (status?.reports ?? []).filter(
    (report) => report.code === 'source_failed' && report.safe === null,
  ).length;
  if (unread > 0) return ill(`not read: ${unread} of the lines of business; "holdfast sync status" says why`);
  const failed = (status?.failures.length ?? 0) + (status?.unlisted ?? 0);
  return {
    healthy: true,
    reason:
      failed === 0
        ? null
        : `not as it should be: ${plural(failed, 'single account or safe', 'single accounts or safes')}`,
  };
}

/** One that does not lead is as healthy as the election. */
function waiting(
  { leader = null, fault = null }: Standing,
  { leaderlessSince }: RunView,
  leaseMs: number | null,
  now: number,
): Health {
  if (fault !== null)
    return ill(`the election cannot be held (${fault.code}); "holdfast sync status" says why`);
  if (leader !== null) return { healthy: true, reason: `${leader} leads` };
  const ms = leaderlessSince === null ? 0 : now - leaderlessSince;
  if (leaseMs !== null && ms > leaderlessLeases * leaseMs)
    return ill(`nobody has been seen to lead for ${Math.round(ms / 1000)} s; the log says why`);
  return { healthy: true, reason: 'nobody leads yet' };
}

function targetFault({ targetSilentSince }: RunView, now: number): string | null {
  const ms = targetSilentSince === null ? 0 : now - targetSilentSince;
  return ms > targetPatienceMs ? `the server has not answered for ${Math.round(ms / 1000)} s` : null;
}

function ill(reason: string): Health {
  return { healthy: false, reason };
}
