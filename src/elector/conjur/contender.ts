import { randomInt } from 'node:crypto';
import type { CallOptions, ElectionBackend, SeenLock } from '../../core/election/backend.ts';
import { newSession } from '../../core/election/conjur/terms.ts';
import { Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';
import { pause } from '../../runtime/pause.ts';
import type { ElectionBase } from './base.ts';
import type { SendBounds } from './caller.ts';
import { inTime } from './deadline.ts';
import { randomDigits } from './digits.ts';
import type { Look } from './look.ts';
import { idle, openedSession, type Session, type WriterOffice } from './session.ts';
import { watch, watchOwn } from './watch.ts';

/** An election, and what its leader writes as. */
export interface ConjurBackend extends ElectionBackend {
  /** The writer of the term that this contender leads by; null: it leads by none. */
  readonly writer: () => { readonly login: string; readonly apiKey: Secret<string> } | null;
  /** Writes the expiration now, to know whether this contender still leads. `gone`: it does not. */
  readonly renewNow: (options: CallOptions) => Promise<'renewed' | 'gone'>;
  /** What the leader is called, as last seen; null: nobody led then. */
  readonly leader: () => string | null;
}

/** How a protocol looks at an election, and how it takes the lead. */
export interface Protocol {
  readonly look: (bounds: SendBounds, contender: Session | null) => Promise<Look>;
  /** Looks once more, and sends what takes the lead. Null: it was not free, or somebody else came first. */
  readonly take: (contender: Session, first: Look, bounds: SendBounds) => Promise<WriterOffice | null>;
  /** Before it takes the lead, a contender waits for so long at most, by chance: not all begin at once. */
  readonly backOffMs: number;
}

/** One contender: the port's calls, made of what a protocol does. */
export function createContender(base: ElectionBase, protocol: Protocol): ConjurBackend {
  const { election, api, lease, closing } = base;
  const { leaseMs } = election;
  const { nowMs } = api;
  let session: Session | null = null;
  let leader: string | null = null;
  const find = (id: string): Session | null => (session?.id === id ? session : null);

  const look = async ({ timeoutMs }: CallOptions, signal = closing.signal): Promise<Look> => {
    const late = AbortSignal.timeout(Math.ceil(timeoutMs) + 50);
    const bounds = { signal: AbortSignal.any([signal, late]), timeoutMs };
    const seen = await inTime(protocol.look(bounds, session), timeoutMs, 'look at the election');
    leader = seen.leader;
    return seen;
  };

  const attempt = async (contender: Session, seen: SeenLock, options: CallOptions): Promise<SeenLock> => {
    const endMs = nowMs() + leaseMs;
    const mostMs = Math.floor(Math.min(protocol.backOffMs, options.timeoutMs / 4));
    await pause(randomInt(mostMs + 1), closing.signal);
    const first = await look(options);
    if (first.lock.holder !== null || first.lock.cursor !== seen.cursor) return first.lock;
    // Whoever called may have given up, and finds in a later look what came of it; beyond a lease nobody looks any more.
    if (nowMs() >= endMs || contender.hasEnded) throw tooLate();
    const office = await protocol.take(contender, first, { signal: closing.signal, timeoutMs: leaseMs });
    if (office === null) return (await look(options)).lock;
    contender.office = office;
    await lease.renew(contender, office);
    return (await look(options)).lock;
  };

  const acquire = async (id: string, seen: SeenLock, options: CallOptions): Promise<SeenLock | 'gone'> => {
    const contender = find(id);
    if (contender === null || !lease.isAlive(contender)) return 'gone';
    const isBusy = contender.taking !== null || contender.office !== null;
    if (isBusy || seen.holder !== null) return (await look(options)).lock;
    const work = attempt(contender, seen, options);
    const ended = (): void => {
      contender.taking = null;
    };
    contender.taking = work.then(ended, ended);
    return inTime(work, options.timeoutMs, 'take the lead');
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
      session = openedSession(newSession(randomDigits), nowMs());
      return { id: session.id, ttlMs: leaseMs };
    },
    renewSession,
    closeSession: async (id, options) => {
      await release(id, options);
      const contender = find(id);
      if (contender === null) return;
      contender.hasEnded = true;
      session = null;
    },
    acquire,
    release,
    watch: (after, options) => {
      const deps = { look, nowMs, leaseMs, closing: closing.signal };
      const leading = session;
      const isOwn = leading !== null && leading.office !== null && lease.isAlive(leading);
      return after !== null && isOwn && after.holder === leading.id
        ? watchOwn(deps, () => (leading.hasEnded ? 0 : leading.provenMs), after, options)
        : watch(deps, after, options);
    },
    close: () => closing.abort(),
    writer: () => (session !== null && lease.isAlive(session) ? session.office : null),
    renewNow: async (options) => (session === null ? 'gone' : renewSession(session.id, options)),
    leader: () => leader,
  };
}

function tooLate(): Problem {
  return new Problem('api_unanswered', 'the election did not answer in time.');
}
