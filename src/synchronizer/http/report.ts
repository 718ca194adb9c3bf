import type { Pause } from '../run/pause.ts';
import type { CallEnd, CallObserver, CallSide } from '../web/calls.ts';
import type { SyncStatus } from '../state/status.ts';

/** Whether this synchronizer writes. `alone`: there is no election, so it always does. */
export interface Standing {
  readonly role: 'alone' | 'leader' | 'standby';
  /** How long it may write without another renewal, milliseconds; null: for ever, or not at all. */
  readonly leaseLeftMs: number | null;
  /** What the one is called that leads, where that is another and known. */
  readonly leader?: string | null;
  /** Why the election cannot be held. */
  readonly fault?: ElectionFault | null;
}

export interface ElectionFault {
  /** Of the problem, for anybody. */
  readonly code: string;
  /** A sentence, for whoever may read the state directory. */
  readonly detail: string;
}

export const standsAlone: Standing = { role: 'alone', leaseLeftMs: null };

/** How a pass ended. */
export type PassEnd = 'done' | 'stopped' | 'failed' | 'interrupted';

/** What a running synchronizer knows of itself. Instants are of one monotonic clock, milliseconds. */
export interface RunView {
  readonly standing: Standing;
  /** Since when it has this role. */
  readonly roleSince: number;
  readonly pause: Pause | null;
  readonly passUnderWaySince: number | null;
  /** The last sign that a pass under way gets on. */
  readonly progressAt: number | null;
  readonly lastPass: {
    readonly end: Exclude<PassEnd, 'interrupted'>;
    readonly endedAt: number;
    /** Of the problem that ended it, for anybody; null: it went through. */
    readonly code: string | null;
  } | null;
  readonly status: SyncStatus | null;
  /** Code of why the last status is not on the disk; null: it is. */
  readonly diskFault: string | null;
  /** The target has not answered since then; null: it answered the last call. */
  readonly targetSilentSince: number | null;
  /** Nobody has been seen to lead since then; null: somebody was, or there is no election. */
  readonly leaderlessSince: number | null;
}

/** Takes note of what happens in a run, for /health and /metrics. */
export interface RunReport {
  readonly passBegan: () => void;
  readonly progressed: () => void;
  readonly passEnded: (end: PassEnd, told: { readonly status?: SyncStatus; readonly code?: string }) => void;
  readonly called: CallObserver;
  /** A rest begins or ends: for how long nobody answered or led before says nothing any more. */
  readonly rested: () => void;
  readonly view: () => RunView;
  readonly counts: RunCounts;
}

/** Sums since the start. */
export interface RunCounts {
  readonly passes: Map<PassEnd, number>;
  readonly calls: Map<`${CallSide} ${CallEnd}`, number>;
  readonly changes: Map<string, number>;
  /** What passes that went through took, all together. */
  passSeconds: number;
  terms: number;
}

const verbs = ['created', 'written', 'mended', 'drifted', 'enabled', 'disabled', 'removed', 'failed'];

/**
 * @param needs `now`: monotonic, milliseconds; `known`: of the last pass before the start, null unless there was one
 */
export function openReport(needs: {
  readonly now: () => number;
  readonly standing: () => Standing;
  readonly pause: () => Pause | null;
  readonly known?: SyncStatus | null;
  readonly diskFault?: () => string | null;
}): RunReport {
  const { now } = needs;
  const counts: RunCounts = {
    passes: new Map(),
    calls: new Map(),
    changes: new Map(verbs.map((verb) => [verb, 0])),
    passSeconds: 0,
    terms: 0,
  };
  let role: Standing['role'] | null = null;
  let roleSince = now();
  let passUnderWaySince: number | null = null;
  let progressAt: number | null = null;
  let lastPass: RunView['lastPass'] = null;
  let status: SyncStatus | null = needs.known ?? null;
  let targetSilentSince: number | null = null;
  let leaderlessSince: number | null = null;
  const standing = (): Standing => {
    const current = needs.standing();
    if (current.role !== role) {
      if (current.role === 'leader') counts.terms += 1;
      role = current.role;
      roleSince = now();
    }
    const isLed = current.role !== 'standby' || (current.leader ?? null) !== null;
    leaderlessSince = isLed ? null : (leaderlessSince ?? now());
    return current;
  };
  standing();
  return {
    counts,
    passBegan: () => {
      standing();
      passUnderWaySince = now();
      progressAt = passUnderWaySince;
    },
    progressed: () => {
      progressAt = now();
    },
    passEnded: (end, told) => {
      add(counts.passes, end);
      if (end !== 'interrupted') lastPass = { end, endedAt: now(), code: told.code ?? null };
      if (told.status !== undefined) {
        status = told.status;
        if (end === 'done') {
          for (const verb of verbs) add(counts.changes, verb, told.status.counts[verb] ?? 0);
          counts.passSeconds += told.status.seconds['total'] ?? 0;
        }
      }
      passUnderWaySince = null;
      progressAt = null;
    },
    called: (side, end) => {
      add(counts.calls, `${side} ${end}`);
      if (side === 'target') targetSilentSince = end === 'failed' ? (targetSilentSince ?? now()) : null;
    },
    rested: () => {
      targetSilentSince = null;
      leaderlessSince = null;
      standing();
    },
    view: () => ({
      standing: standing(),
      roleSince,
      pause: needs.pause(),
      passUnderWaySince,
      progressAt,
      lastPass,
      status,
      diskFault: needs.diskFault?.() ?? null,
      targetSilentSince,
      leaderlessSince,
    }),
  };
}

function add<K>(sums: Map<K, number>, key: K, by = 1): void {
  sums.set(key, (sums.get(key) ?? 0) + by);
}
