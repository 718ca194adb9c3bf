import { randomBytes, randomInt } from 'node:crypto';
import { openDoor } from '../../client/client.ts';
import type { Fetch } from '../../client/fetch.ts';
import type { CallOptions, ElectionBackend, SeenLock } from '../../core/election/backend.ts';
import { writerHost } from '../../core/election/conjur/places.ts';
import { type ServerTime, withAnswer } from '../../core/election/conjur/server-time.ts';
import { newSession } from '../../core/election/conjur/terms.ts';
import { Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';
import { pause } from '../../runtime/pause.ts';
import { createElectionClock } from '../clock.ts';
import { type ElectionApi, readExpirationText } from './api.ts';
import { type Credentials, openCaller } from './caller.ts';
import { inTime } from './deadline.ts';
import { openLease } from './lease.ts';
import { type Look, openLook } from './look.ts';
import type { Session } from './session.ts';
import { takeLead } from './take.ts';
import { watch } from './watch.ts';

export interface ConjurElection extends Credentials {
  readonly fetch: Fetch;
  /** Of a master, or of what is before it: followers do not hold elections. */
  readonly url: string;
  /** What this contender is called in the annotation of `current-leader`. */
  readonly name: string;
  /** Of one leader; the same for all contenders. */
  readonly leaseMs: number;
}

/** An election, and what its leader writes as. */
export interface ConjurBackend extends ElectionBackend {
  /** The writer of the term that this contender leads by; null: it leads by none. */
  readonly writer: () => { readonly login: string; readonly apiKey: Secret<string> } | null;
  /** Writes the expiration now, to know whether this contender still leads. `gone`: it does not. */
  readonly renewNow: (options: CallOptions) => Promise<'renewed' | 'gone'>;
  /** What the leader is called, as last seen; null: nobody led then. */
  readonly leader: () => string | null;
}

/** Before it takes the lock, a contender waits for so long at most: not all begin at once. */
const backOffMs = 500;

/**
 * An election by the fenced protocol over the Conjur API: the leader's host and lease of the published one, and with the host a writer
 * that the next leader deletes.
 */
export function createConjurBackend(election: ConjurElection): ConjurBackend {
  const { account, name, leaseMs } = election;
  const closing = new AbortController();
  const nowMs = createElectionClock();
  let serverTime: ServerTime | null = null;
  const api: ElectionApi = {
    account,
    nowMs,
    onDated: (answer) => {
      serverTime = withAnswer(serverTime, answer);
    },
  };
  const door = openDoor({ ...election, signal: closing.signal, timeoutMs: leaseMs });
  const member = openCaller(door, election);
  const lookAt = openLook({ api, caller: member, leaseMs, serverTime: () => serverTime });
  const lease = openLease({ api, leaseMs, signal: closing.signal, serverTime: () => serverTime });
  let session: Session | null = null;
  let leader: string | null = null;

  const find = (id: string): Session | null => (session?.id === id ? session : null);

  const look = async ({ timeoutMs }: CallOptions, signal = closing.signal): Promise<Look> => {
    const late = AbortSignal.timeout(Math.ceil(timeoutMs) + 50);
    const bounds = { signal: AbortSignal.any([signal, late]), timeoutMs };
    const seen = await inTime(lookAt(bounds), timeoutMs, 'look at the election');
    leader = seen.leader;
    return seen;
  };

  const attempt = async (contender: Session, seen: SeenLock, bounds: CallOptions): Promise<SeenLock> => {
    const endMs = nowMs() + bounds.timeoutMs;
    await pause(randomInt(Math.floor(Math.min(backOffMs, bounds.timeoutMs / 4)) + 1), closing.signal);
    const first = await look(bounds);
    if (first.lock.holder !== null || first.lock.cursor !== seen.cursor) return first.lock;
    const once = { signal: closing.signal, timeoutMs: leaseMs };
    const isSame = (await readExpirationText(api, member, once)) === first.expiration;
    if (!isSame) return (await look(bounds)).lock;
    // Whoever waits for this has given up: to begin now would surprise it.
    if (nowMs() >= endMs || contender.hasEnded) throw tooLate();
    const won = await takeLead({ api, caller: member, name, digits }, contender.id, once);
    if (won === null) return (await look(bounds)).lock;
    const login = `host/${writerHost(won.writer)}`;
    const caller = openCaller(door, { account, login, apiKey: won.apiKey });
    contender.office = { login, apiKey: won.apiKey, caller };
    await lease.renew(contender, contender.office);
    return (await look(bounds)).lock;
  };

  const renewSession = async (id: string, { timeoutMs }: CallOptions): Promise<'renewed' | 'gone'> => {
    const contender = find(id);
    if (contender === null || !lease.isAlive(contender)) return 'gone';
    const endMs = nowMs() + timeoutMs;
    const renew = async (): Promise<'renewed' | 'gone'> => {
      await idle(contender);
      if (nowMs() >= endMs) throw tooLate();
      if (!lease.isAlive(contender)) return 'gone';
      if (contender.office !== null) return lease.renew(contender, contender.office);
      contender.provenMs = nowMs();
      return 'renewed';
    };
    return inTime(renew(), timeoutMs, 'renew the lease');
  };

  const release = async (id: string, { timeoutMs }: CallOptions): Promise<void> => {
    const contender = find(id);
    if (contender === null) return;
    const giveUp = async (): Promise<void> => {
      await idle(contender);
      if (contender.office !== null) await lease.giveUp(contender, contender.office);
    };
    await inTime(giveUp(), timeoutMs, 'release the lease');
  };

  return {
    openSession: async () => {
      const id = newSession(digits);
      const provenMs = nowMs();
      session = { id, provenMs, taking: null, office: null, writing: null, hasEnded: false };
      return { id, ttlMs: leaseMs };
    },
    renewSession,
    release,
    closeSession: async (id, options) => {
      await release(id, options);
      const contender = find(id);
      if (contender === null) return;
      contender.hasEnded = true;
      session = null;
    },
    acquire: async (id, seen, options) => {
      const contender = find(id);
      if (contender === null || !lease.isAlive(contender)) return 'gone';
      const isBusy = contender.taking !== null || contender.office !== null;
      if (isBusy || seen.holder !== null) return (await look(options)).lock;
      const work = attempt(contender, seen, options);
      contender.taking = work
        .then(
          () => undefined,
          () => undefined,
        )
        .finally(() => {
          contender.taking = null;
        });
      return inTime(work, options.timeoutMs, 'take the lead');
    },
    watch: (after, options) => watch({ look, nowMs, leaseMs, closing: closing.signal }, after, options),
    close: () => closing.abort(),
    writer: () => (session !== null && lease.isAlive(session) ? session.office : null),
    renewNow: async (options) => (session === null ? 'gone' : renewSession(session.id, options)),
    leader: () => leader,
  };
}

/** Nothing of this session is under way. */
async function idle(contender: Session): Promise<void> {
  while (contender.taking !== null || contender.writing !== null) {
    await contender.taking;
    await contender.writing?.catch(() => undefined);
  }
}

function digits(count: number): string {
  return randomBytes(Math.ceil(count / 2))
    .toString('hex')
    .slice(0, count);
}

function tooLate(): Problem {
  return new Problem('api_unanswered', 'the election did not answer in time.');
}
