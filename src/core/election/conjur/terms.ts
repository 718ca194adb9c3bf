import { fencingToken } from '../fencing-token.ts';

/** A load of the policy `leader`, as its resource lists it. */
export interface LeaderLoad {
  /** Counted up with each load of the policy, by the server. */
  readonly version: number;
  /** When its transaction began, Unix time in milliseconds. */
  readonly madeMs: number;
  readonly text: string;
}

/** The policy `leader`. */
export interface LeaderPolicy {
  readonly madeMs: number;
  /** The latest ones: servers keep twenty. */
  readonly loads: readonly LeaderLoad[];
}

/** The load that made the leader's host. */
export interface Term {
  readonly token: string;
  readonly version: number;
  /** Of its writer, the part of the name that is the session's; null: it has none, as under the published protocol. */
  readonly session: string | null;
}

/** Digits of a session in the name of a writer; what follows is new for each send. */
const sessionDigits = 16;
const sendDigits = 8;
const writerPattern = new RegExp(`^ +id: writer-([0-9a-f]{${sessionDigits}})[0-9a-f]{${sendDigits}}$`, 'mu');

/** A name that nobody has used. @param digits hexadecimal digits, so many and from a source without bias */
export function writerName(session: string, digits: (count: number) => string): string {
  return `writer-${session}${digits(sendDigits)}`;
}

export function newSession(digits: (count: number) => string): string {
  return digits(sessionDigits);
}

/**
 * The term of a leader's host. Both were made in one transaction, so they have one moment; where a server keeps not enough loads, or
 * other moments, the nearest counts. Null: no load is known that makes a leader.
 */
export function termOf(policy: LeaderPolicy, leaderMadeMs: number): Term | null {
  const distance = ({ madeMs }: LeaderLoad): number => Math.abs(madeMs - leaderMadeMs);
  const [load] = policy.loads
    .filter(({ text }) => /^ +id: current-leader$/mu.test(text))
    .toSorted((a, b) => distance(a) - distance(b) || a.version - b.version);
  if (load === undefined) return null;
  const { version, text } = load;
  return { token: tokenOf(policy, version), version, session: writerPattern.exec(text)?.[1] ?? null };
}

/** Of who led last, or younger: what to show while there is no leader's host. */
export function latestVersion({ loads }: LeaderPolicy): number {
  return loads.reduce((latest, { version }) => Math.max(latest, version), 0);
}

/** A policy that is deleted and made anew counts from one again, and is younger. */
export function tokenOf({ madeMs }: LeaderPolicy, version: number): string {
  return fencingToken(madeMs, version);
}
