import type { ApiAnswer } from '../../client/exchange.ts';
import { renewalVerdict } from '../../core/election/conjur/answers.ts';
import { expirationText, releasedText } from '../../core/election/conjur/expiration.ts';
import type { ServerTime } from '../../core/election/conjur/server-time.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { type ElectionApi, refusedExpiration, sendExpiration } from './api.ts';
import { nowAtServer } from './look.ts';
import type { Session, WriterOffice } from './session.ts';

export interface LeaseDeps {
  readonly api: ElectionApi;
  readonly leaseMs: number;
  readonly signal: AbortSignal;
  readonly serverTime: () => ServerTime | null;
}

/** What a leader does with its lease, by its writer's token. One write at a time: await the last one first. */
export interface Lease {
  /** Whether it may still be renewed: one that has passed is never brought back. */
  readonly isAlive: (session: Session) => boolean;
  readonly renew: (session: Session, office: WriterOffice) => Promise<'renewed' | 'gone'>;
  /** Leaves; nothing is deleted. That somebody else leads by now is no error. */
  readonly giveUp: (session: Session, office: WriterOffice) => Promise<void>;
}

export function openLease({ api, leaseMs, signal, serverTime }: LeaseDeps): Lease {
  const isAlive = (session: Session): boolean =>
    !session.hasEnded && api.nowMs() - session.provenMs < leaseMs;

  /** Its answer; null: the writer is not there any more. */
  const write = async (
    session: Session,
    { caller }: WriterOffice,
    text: () => string,
  ): Promise<ApiAnswer | null> => {
    // It stays the one that is under way until it was answered, or cannot matter any more.
    const work = sendExpiration(api, caller, text, { signal, timeoutMs: leaseMs });
    session.writing = work;
    try {
      return await work;
    } catch (error) {
      if (isProblem(error, 'api_unauthenticated')) return null;
      throw error;
    } finally {
      session.writing = null;
    }
  };

  const settle = (session: Session, answer: ApiAnswer | null): 'renewed' | 'gone' => {
    const verdict = answer === null ? 'deposed' : renewalVerdict(answer.status);
    if (verdict === 'renewed') return 'renewed';
    if (verdict === 'unclear' && answer !== null) throw refusedExpiration(answer);
    session.hasEnded = true;
    session.office = null;
    return 'gone';
  };

  return {
    isAlive,
    renew: async (session, office) => {
      let sentMs = 0;
      const text = (): string => {
        sentMs = api.nowMs();
        if (!isAlive(session)) throw new Problem('no_authority', 'the lease has passed meanwhile.');
        return expirationText(nowAtServer({ api, serverTime }), leaseMs);
      };
      const verdict = settle(session, await write(session, office, text));
      if (verdict === 'renewed') session.provenMs = sentMs;
      return verdict;
    },
    giveUp: async (session, office) => {
      settle(session, await write(session, office, () => releasedText));
      session.office = null;
    },
  };
}
