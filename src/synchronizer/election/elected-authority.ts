import type { ConjurClient } from '../../client/client.ts';
import type { ApiRequest } from '../../client/exchange.ts';
import { ApiRefusal } from '../../client/refusal.ts';
import { writeVerdict } from '../../core/election/conjur/answers.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';
import type { ConjurBackend } from '../../elector/conjur/contender.ts';
import type { Authority } from '../authority.ts';

/** A role to write as. */
export interface Writer {
  readonly login: string;
  readonly apiKey: Secret<string>;
}

export interface TermNeeds {
  readonly backend: Pick<ConjurBackend, 'writer' | 'renewNow'>;
  /** Looks at the clock: whether authority lasts. */
  readonly isValid: () => boolean;
  /** A client that asks `isValid` before it sends anything. */
  readonly open: (writer: Writer) => ConjurClient;
  /** How long a renewal may take that tells whether this term still lasts. */
  readonly askMs: number;
  /** Called once, when an answer has ended the term: the election does not know yet. */
  readonly onOver: () => void;
}

/** Whether it lasts may be asked without opening anything. */
export interface TermAuthority extends Authority {
  readonly isLasting: () => boolean;
}

/**
 * The authority of one term: its writer's, for as long as it lasts. An answer 401 ends it; 403 and 404 may mean so, or that a right is
 * missing, and a renewal tells which.
 */
export function electedAuthority({ backend, isValid, open, askMs, onOver }: TermNeeds): TermAuthority {
  let opened: { readonly login: string; readonly client: ConjurClient } | null = null;
  let isOver = false;
  let asking: { readonly sentAt: number; readonly verdict: Promise<'renewed' | 'gone'> } | null = null;
  const end = (because: string): Problem => {
    if (!isOver) onOver();
    isOver = true;
    return lost(because);
  };

  /**
   * Those whose requests were under way at the same time get one answer: where a right is missing, it is missing for thousands of
   * accounts. A renewal that was sent before the request says nothing of it, since somebody may have taken over in between.
   */
  const stillLeads = async (refusedSentAt: number): Promise<boolean> => {
    if (asking === null || asking.sentAt < refusedSentAt)
      asking = { sentAt: performance.now(), verdict: backend.renewNow({ timeoutMs: askMs }) };
    return (await asking.verdict) === 'renewed';
  };

  /** What an error means. A read of what does not exist says nothing of the term. */
  const judged = async (request: ApiRequest, error: unknown, sentAt: number): Promise<unknown> => {
    if (isProblem(error, 'api_unauthenticated')) return end('its writer is deleted');
    if (!(error instanceof ApiRefusal) || writeVerdict(error.status) !== 'ask') return error;
    if (request.method === 'GET' && error.status === 404) return error;
    try {
      if (await stillLeads(sentAt)) return error; // so it is a right that is missing
    } catch {
      return error; // nobody knows; the clock will tell
    }
    return end('somebody else has taken over');
  };

  const judging = (client: ConjurClient): ConjurClient => ({
    ...client,
    send: async (request) => {
      const sentAt = performance.now();
      try {
        return await client.send(request);
      } catch (error) {
        throw await judged(request, error, sentAt);
      }
    },
  });

  const isLasting = (): boolean => !isOver && isValid();
  return {
    isLasting,
    writer: () => {
      const writer = isLasting() ? backend.writer() : null;
      if (writer === null) throw lost('its term is over');
      if (opened?.login !== writer.login) {
        // One term has one writer: another is of another term, and not for whoever was given this authority.
        if (opened !== null) throw lost('its term is over');
        opened = { login: writer.login, client: judging(open(writer)) };
      }
      return opened.client;
    },
  };
}

/** Reads by whoever may write: members need no rights on the target. */
export function clientOf(authority: Authority, { account, roleId }: ConjurClient): ConjurClient {
  return {
    account,
    roleId,
    send: (request) => authority.writer().send(request),
    sendAsSelf: (request) => authority.writer().sendAsSelf(request),
  };
}

/** Why a synchronizer may not write. */
export function lost(because: string): Problem {
  return new Problem('no_authority', `this synchronizer does not lead any more: ${because}.`);
}
