import type { CallOptions, ElectionBackend, SeenLock } from '../../core/election/backend.ts';
import { newSession } from '../../core/election/conjur/terms.ts';
import { Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';
import { pause } from '../../runtime/pause.ts';
import type { ElectionBase } from './base.ts';
import type { SendBounds } from './caller.ts';
import { askInTime, inTime } from './deadline.ts';
import { randomDigits } from './digits.ts';
import { openLeaseComparison } from './longer-lease.ts';
import { type Look, unanswered } from './look.ts';
import type { Pace } from './pace.ts';
import { inTurn, openedSession, type Session, type WriterOffice } from './session.ts';
import { termRefused } from './term-refused.ts';
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
  readonly take: (contender: Session, first: Look, bounds: SendBounds) => Promise<Won | null>;
  /** Whether the term that a contender has won still stands, though its first renewal is refused. Else somebody took over. */
  readonly stands: (contender: Session, bounds: SendBounds) => Promise<boolean>;
  /** The group whose members write the lease. */
  readonly writers: string;
  readonly pace: Pace;
}

export interface Won {
  readonly office: WriterOffice;
  /** When the load was sent that won, by the client's clock. The first lease counts from then. */
  readonly sentMs: number;
}

/** A rest that an attempt sleeps itself, whatever time it is given. */
const firstRestMs = 500;

/** One contender: the port's calls, made of what a protocol does. */
export function createContender(base: ElectionBase, protocol: Protocol): ConjurBackend {
  const { election, api, lease, closing } = base;
  const { leaseMs } = election;
  const { pace } = protocol;
  const { nowMs } = api;
  const compareLease = openLeaseComparison(base);
  let session: Session | null = null;
  let leader: string | null = null;
  const find = (id: string): Session | null => (session?.id === id ? session : null);
  /** Nobody knows of one that is taking the lead, before it has done so: also why it failed is told first. */
  const isOver = (contender: Session): boolean =>
    !contender.isTaking && (contender.hasEnded || !lease.isAlive(contender));

  const read = <T>(
    ask: (bounds: SendBounds) => Promise<T>,
    { timeoutMs }: CallOptions,
    signal = closing.signal,
  ) => askInTime(ask, { signal, timeoutMs }, 'look at the election');

  const look = async (options: CallOptions, signal = closing.signal): Promise<Look> => {
    const seen = await read((bounds) => protocol.look(bounds, session), options, signal);
    const isOurs = session?.id === seen.lock.holder && session.office === null;
    const shown = isOurs ? unanswered(seen) : seen;
    ({ leader } = shown);
    compareLease(seen.expiration);
    return shown;
  };

  const taken = async (contender: Session, first: Look): Promise<Won | null> => {
    let won: Won | null = null;
    try {
      won = await protocol.take(contender, first, { signal: closing.signal, timeoutMs: leaseMs });
      return won;
    } finally {
      if (won === null) pace.failed();
      else pace.won();
    }
  };

  /** A first renewal that is refused is no loss of the lead where nobody took it. */
  const whyGone = async (contender: Session, office: WriterOffice, options: CallOptions): Promise<void> => {
    const { refusal } = contender;
    const stillStands = await read((bounds) => protocol.stands(contender, bounds), options);
    if (stillStands && refusal !== null) throw termRefused(refusal, office, protocol.writers);
  };

  const attempt = async (contender: Session, seen: SeenLock, options: CallOptions): Promise<SeenLock> => {
    const endMs = nowMs() + leaseMs;
    const restMs = Math.max(0, pace.notBeforeMs() - nowMs()); // the clock has gone on since the pace read it
    // Whoever called does not wait for as long as that: it asks again.
    if (restMs > Math.max(firstRestMs, options.timeoutMs / 4)) return (await look(options)).lock;
    await pause(Math.min(restMs, options.timeoutMs / 4), closing.signal);
    const first = await look(options);
    if (first.lock.holder !== null || first.lock.cursor !== seen.cursor) return first.lock;
    if (first.clearedAtMs !== null && nowMs() - first.clearedAtMs < pace.graceMs()) return first.lock;
    // Whoever called may have given up, and finds in a later look what came of it; beyond a lease nobody looks any more.
    if (nowMs() >= endMs || contender.hasEnded) throw tooLate();
    const won = await taken(contender, first);
    if (won === null) return (await look(options)).lock;
    contender.office = won.office;
    contender.provenMs = won.sentMs;
    if ((await lease.renew(contender, won.office)) === 'gone') await whyGone(contender, won.office, options);
    return (await look(options)).lock;
  };

  const acquire = async (id: string, seen: SeenLock, options: CallOptions): Promise<SeenLock | 'gone'> => {
    const contender = find(id);
    if (contender === null || isOver(contender)) return 'gone';
    if (contender.isTaking || seen.holder !== null) return (await look(options)).lock;
    const { office } = contender;
    if (office !== null) {
      // Whose host was deleted by hand has an office still, whose writer is alive, and no lead.
      const { lock } = await look(options);
      if (lock.holder !== null || contender.office !== office || contender.isTaking) return lock;
      contender.office = null;
    }
    contender.isTaking = true;
    const work = inTurn(contender, () =>
      attempt(contender, seen, options).finally(() => {
        contender.isTaking = false;
      }),
    );
    return inTime(work, options.timeoutMs, 'take the lead');
  };

  const renewSession = async (id: string, { timeoutMs }: CallOptions): Promise<'renewed' | 'gone'> => {
    const contender = find(id);
    if (contender === null || isOver(contender)) return 'gone';
    const wasTaking = contender.isTaking;
    const endMs = nowMs() + timeoutMs;
    const renew = async (): Promise<'renewed' | 'gone'> => {
      if (nowMs() >= endMs) throw tooLate();
      const { office } = contender;
      // A candidate that was about to take the lead lives all the same, however long that took.
      if (contender.hasEnded || ((office !== null || !wasTaking) && isOver(contender))) return 'gone';
      if (office !== null) return lease.renew(contender, office);
      contender.provenMs = nowMs();
      return 'renewed';
    };
    return inTime(inTurn(contender, renew), timeoutMs, 'renew the lease');
  };

  const release = async (id: string, { timeoutMs }: CallOptions): Promise<void> => {
    const contender = find(id);
    if (contender === null) return;
    const giveUp = async (): Promise<void> => {
      if (contender.office !== null && lease.isAlive(contender))
        await lease.giveUp(contender, contender.office);
      contender.office = null;
    };
    await inTime(inTurn(contender, giveUp), timeoutMs, 'release the lease');
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
        ? watchOwn(
            deps,
            () => (leading.hasEnded || leading.office === null ? 0 : leading.provenMs),
            after,
            options,
          )
        : watch(deps, after, options);
    },
    answers: base.answers,
    close: () => closing.abort(),
    writer: () => (session !== null && lease.isAlive(session) ? session.office : null),
    renewNow: async (options) => (session === null ? 'gone' : renewSession(session.id, options)),
    leader: () => leader,
  };
}

function tooLate(): Problem {
  return new Problem('api_unanswered', 'the election did not answer in time.');
}
