import { renewalVerdict } from '../../core/election/conjur/answers.ts';
import { expirationText, releasedText, roundedOffMs } from '../../core/election/conjur/expiration.ts';
import type { ServerTime } from '../../core/election/conjur/server-time.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { pause } from '../../runtime/pause.ts';
import { type ElectionApi, sendExpiration } from './api.ts';
import type { CallerAnswer } from './caller.ts';
import { nowAtServer } from './look.ts';
import type { Session, WriterOffice } from './session.ts';

export interface LeaseDeps {
  readonly api: ElectionApi;
  readonly leaseMs: number;
  readonly signal: AbortSignal;
  readonly serverTime: () => ServerTime | null;
}

/** What a leader does with its lease, by its writer's token. One write at a time: call these in turn. */
export interface Lease {
  /** Whether it may still be renewed: one that has passed is never brought back. */
  readonly isAlive: (session: Session) => boolean;
  readonly renew: (session: Session, office: WriterOffice) => Promise<'renewed' | 'gone'>;
  /** Leaves; nothing is deleted. That somebody else leads by now is no error. */
  readonly giveUp: (session: Session, office: WriterOffice) => Promise<void>;
}

/**
 * For this part of a lease after a renewal whose connection broke off no other is sent. By then it has arrived, or it never will; were
 * it to arrive behind a younger one, the lease would end earlier than its leader believes.
 */
const doubtsPerLease = 4;

export function openLease({ api, leaseMs, signal, serverTime }: LeaseDeps): Lease {
  /** Once others may have found it passed, it is not renewed any more. */
  const isAlive = ({ hasEnded, office, provenMs }: Session): boolean =>
    !hasEnded && api.nowMs() - provenMs < (office === null ? leaseMs : leaseMs - roundedOffMs);

  /** Its answer; a Problem: the writer's login is refused. */
  const write = async (
    session: Session,
    { caller }: WriterOffice,
    text: () => string,
  ): Promise<CallerAnswer | Problem> => {
    let sentMs: number | null = null;
    const send = (): string => {
      const body = text();
      sentMs = api.nowMs();
      return body;
    };
    try {
      // It stays the one that is under way until it was answered, or cannot matter any more.
      const answer = await sendExpiration(api, caller, send, { signal, timeoutMs: leaseMs });
      if (sentMs !== null && isOfProxy(answer.status))
        session.doubtUntilMs = sentMs + leaseMs / doubtsPerLease;
      return answer;
    } catch (error) {
      if (sentMs === null && isProblem(error, 'api_unauthenticated')) return error;
      if (sentMs !== null) session.doubtUntilMs = sentMs + leaseMs / doubtsPerLease;
      throw error;
    }
  };

  const settle = (session: Session, answer: CallerAnswer | Problem): 'renewed' | 'gone' => {
    const verdict = answer instanceof Problem ? 'deposed' : renewalVerdict(answer.status);
    if (verdict === 'renewed') return 'renewed';
    const refusal = answer instanceof Problem ? answer : answer.refusal();
    if (verdict === 'unclear') throw refusal;
    session.refusal = refusal;
    session.hasEnded = true;
    session.office = null;
    return 'gone';
  };

  return {
    isAlive,
    renew: async (session, office) => {
      let sentMs = 0;
      await pause(Math.max(0, session.doubtUntilMs - api.nowMs()), signal);
      const text = (): string => {
        sentMs = api.nowMs();
        if (!isAlive(session)) throw passed();
        return expirationText(nowAtServer({ api, serverTime }), leaseMs);
      };
      const verdict = settle(session, await write(session, office, text));
      if (verdict === 'renewed') session.provenMs = sentMs;
      return verdict;
    },
    giveUp: async (session, office) => {
      const text = (): string => {
        // A lease that has passed is not its own any more: by now it may be another's.
        if (!isAlive(session)) throw passed();
        return releasedText;
      };
      settle(session, await write(session, office, text));
      session.office = null;
    },
  };
}

function passed(): Problem {
  return new Problem('no_authority', 'the lease has passed meanwhile.');
}

/** A proxy gave the server up, which may do it yet. */
function isOfProxy(status: number): boolean {
  return status === 502 || status === 504;
}
