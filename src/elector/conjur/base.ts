import { openDoor, type PositionMemory, readsItsWrites } from '../../client/client.ts';
import type { Door } from '../../client/exchange.ts';
import type { Fetch } from '../../client/fetch.ts';
import { type ServerTime, withAnswer } from '../../core/election/conjur/server-time.ts';
import { createElectionClock } from '../clock.ts';
import type { ElectionApi } from './api.ts';
import { type Caller, type Credentials, openCaller } from './caller.ts';
import { type Lease, openLease } from './lease.ts';

export interface ConjurElection extends Credentials {
  readonly fetch: Fetch;
  /** Of a master, or of what is before it: followers do not hold elections. */
  readonly url: string;
  /** What this contender is called in the annotation of `current-leader`. */
  readonly name: string;
  /** Of one leader; the same for all contenders. */
  readonly leaseMs: number;
  /** What was written last, shared with whoever works as the writer: a follower that has not read so far knows no writer. */
  readonly position?: PositionMemory;
  /** Told once: the lease that somebody wrote ends further ahead than one of `leaseMs` can, so many milliseconds. */
  readonly onLongerLease?: (aheadMs: number) => void;
}

/** What elections by either protocol stand on. */
export interface ElectionBase {
  readonly election: ConjurElection;
  readonly api: ElectionApi;
  readonly door: Door;
  /** This contender, by its own login. */
  readonly member: Caller;
  readonly lease: Lease;
  readonly serverTime: () => ServerTime | null;
  /** How many answers there have been, but for those of a server, or a proxy before it, that cannot answer now. */
  readonly answers: () => number;
  /** Ends whatever is under way. */
  readonly closing: AbortController;
}

/** @param readHeaders go along with what reads */
export function openBase(
  election: ConjurElection,
  readHeaders: Readonly<Record<string, string>>,
): ElectionBase {
  const { account, leaseMs } = election;
  const closing = new AbortController();
  const { signal } = closing;
  let known: ServerTime | null = null;
  const serverTime = (): ServerTime | null => known;
  const api: ElectionApi = {
    account,
    nowMs: createElectionClock(),
    readHeaders,
    onDated: (answer) => {
      known = withAnswer(known, answer);
    },
  };
  let count = 0;
  const counted: Fetch = async (address, init) => {
    const answer = await election.fetch(address, init);
    if (answer.status < 500) count += 1;
    return answer;
  };
  const fetch = readsItsWrites(counted, election.position);
  const door = openDoor({ ...election, fetch, signal, timeoutMs: leaseMs });
  const lease = openLease({ api, leaseMs, signal, serverTime });
  const member = openCaller(door, election);
  return { election, api, door, member, lease, serverTime, answers: () => count, closing };
}
