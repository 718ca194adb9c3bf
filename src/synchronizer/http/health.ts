import type { RunView } from './report.ts';

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

/**
 * Whether a synchronizer does what it should: a pass now and then when it writes, and waiting otherwise. A pause is what somebody wants, so
 * it is healthy: nothing that restarts it on ill health would help.
 *
 * @param everyMs from the end of a pass to the next
 * @param now of the clock of the view, milliseconds
 */
export function judgeHealth(view: RunView, everyMs: number, now: number): Health {
  const silent = targetFault(view, now);
  if (silent !== null) return ill(silent);
  if (view.pause !== null) {
    const { because } = view.pause;
    return { healthy: true, reason: because === null ? 'paused' : `paused: ${because}` };
  }
  if (view.standing.role === 'standby') {
    const { leader = null, fault = null } = view.standing;
    if (fault !== null)
      return ill(`the election cannot be held (${fault.code}); "holdfast sync status" says why`);
    return { healthy: true, reason: leader === null ? 'it does not lead' : `${leader} leads` };
  }
  const { lastPass } = view;
  if (lastPass?.end === 'failed')
    return ill(`the last pass failed (${lastPass.code ?? 'unexpected'}); "holdfast sync status" says why`);
  if (lastPass?.end === 'stopped')
    return ill('the last pass stopped, for it would have removed more than one may; nothing is carried over');
  const patienceMs = Math.max(leastPatienceMs, intervals * everyMs);
  const sign = Math.max(lastPass?.endedAt ?? 0, view.progressAt ?? 0, view.roleSince);
  const ageMs = now - sign;
  if (ageMs > patienceMs) return ill(`no pass for ${Math.round(ageMs / 1000)} s`);
  const failed = (view.status?.failures.length ?? 0) + (view.status?.unlisted ?? 0);
  return {
    healthy: true,
    reason: failed === 0 ? null : `${failed} accounts or safes are not as they should be`,
  };
}

function targetFault({ targetSilentSince }: RunView, now: number): string | null {
  const ms = targetSilentSince === null ? 0 : now - targetSilentSince;
  return ms > targetPatienceMs ? `the server has not answered for ${Math.round(ms / 1000)} s` : null;
}

function ill(reason: string): Health {
  return { healthy: false, reason };
}
