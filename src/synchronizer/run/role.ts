import type { ElectionFault, Standing } from '../http/report.ts';

/** What this synchronizer is at the moment, for whoever asks. */
export interface RoleKeeper {
  readonly standing: () => Standing;
  /** @param leftMs until authority ends; it may do so before anybody says `stands` */
  readonly leads: (leftMs: () => number) => void;
  readonly stands: () => void;
  /** Somebody else leads, called so; null: nobody does. */
  readonly sees: (leader: string | null) => void;
  /** The election could not be held. That stands until somebody leads: a right that is missing is missed again. */
  readonly fails: (fault: ElectionFault) => void;
}

/** @param isElected false: there is no election, and it writes whenever it wants */
export function openRole(isElected: boolean): RoleKeeper {
  let authorityLeftMs: (() => number) | null = null;
  let leader: string | null = null;
  let fault: ElectionFault | null = null;
  return {
    standing: () => {
      if (!isElected) return { role: 'alone', leaseLeftMs: null };
      const leftMs = authorityLeftMs?.() ?? 0;
      return leftMs > 0
        ? { role: 'leader', leaseLeftMs: leftMs }
        : { role: 'standby', leaseLeftMs: null, leader, fault };
    },
    leads: (leftMs) => {
      authorityLeftMs = leftMs;
      leader = null;
      fault = null;
    },
    stands: () => {
      authorityLeftMs = null;
    },
    sees: (name) => {
      leader = name;
      if (name !== null) fault = null;
    },
    fails: (why) => {
      leader = null;
      fault = why;
    },
  };
}
