import { openClient, type PositionMemory } from '../../client/client.ts';
import type { Fetch } from '../../client/fetch.ts';
import type { Secret } from '../../core/secret.ts';
import { createConjurBackend } from '../../elector/conjur/backend.ts';
import type { ConjurBackend } from '../../elector/conjur/contender.ts';
import { createPublishedBackend } from '../../elector/conjur/published-backend.ts';
import { campaign, type Leadership } from '../../elector/library/campaign.ts';
import type { ElectorLog } from '../../elector/log.ts';
import type { Authority } from '../authority.ts';
import { electedAuthority, lost } from './elected-authority.ts';
import type { ElectionSettings } from './settings.ts';
import { tellingWhoLeads } from './telling-who-leads.ts';

/** Where the election is held, and as whom. */
export interface ElectionTarget {
  readonly fetch: Fetch;
  readonly url: string;
  readonly account: string;
  readonly login: string;
  readonly apiKey: Secret<string>;
}

/** One time of leading. */
export interface SyncTerm {
  /** Aborted when leading ends. */
  readonly signal: AbortSignal;
  /** Of the term: nobody else has led since this synchronizer led by the same. */
  readonly token: string;
  readonly authority: Authority;
  /** Until authority ends unless it is renewed, milliseconds; 0: it has ended. */
  readonly leftMs: () => number;
  /** Gives leading up, and leaves it to others for a lease. */
  readonly stepDown: () => void;
}

export interface TakePartNeeds {
  readonly settings: ElectionSettings;
  readonly target: ElectionTarget;
  /** What was written last: who reads with it sees what the writers wrote. */
  readonly position: PositionMemory;
  readonly log: ElectorLog;
  /** Ends taking part: leading first. */
  readonly signal: AbortSignal;
  /** Called with each term, one after the other. When it returns, taking part is over. */
  readonly lead: (term: SyncTerm) => Promise<void>;
  /** Somebody else leads, by that name; null: nobody does, or nobody can tell. Told when it changes. */
  readonly onOther?: (name: string | null) => void;
  /** The election has not been seen for a lease. Told once in each further one. */
  readonly onBlind?: () => void;
}

/** A third of the lease: two renewals may be lost. */
const renewalsPerLease = 3;
/** A leader's work has so long to end. With the second that the election itself keeps, authority ends 2 s before the lease. */
const stopWithinMs = 1000;

/**
 * Takes part in the election of the synchronizer that writes, until `lead` returns or the signal.
 *
 * @throws Problem what can never work, as a missing right; what `lead` threw
 */
export async function takePart(needs: TakePartNeeds): Promise<void> {
  const { settings, target, position, log, signal, lead } = needs;
  const { onOther = () => undefined, onBlind = () => undefined } = needs;
  const { protocol, leaseMs, name } = settings;
  const onLongerLease = (aheadMs: number): void => log.warn(longerLease(aheadMs, leaseMs));
  const contender = { ...target, name, leaseMs, position, onLongerLease };
  const backend =
    protocol === 'published' ? createPublishedBackend(contender) : createConjurBackend(contender);
  const over = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const serve = async (leadership: Leadership): Promise<void> => {
    const authority = authorityOf(needs, backend, leadership, over.signal);
    const before = running;
    // The work of the term before may take longer to end than it had: two of them at a time would share what they remember.
    running = before
      .catch(() => undefined)
      .then(() => {
        const isOver = leadership.signal.aborted;
        const { signal: ended, token, leftMs, stepDown } = leadership;
        return isOver ? undefined : lead({ signal: ended, token, authority, leftMs, stepDown });
      });
    await running;
  };
  try {
    await campaign({
      backend: tellingWhoLeads(backend, { leaseMs, nowMs: () => performance.now(), onOther, onBlind }),
      ttlMs: leaseMs,
      renewEveryMs: leaseMs / renewalsPerLease,
      stopWithinMs,
      signal,
      log,
      lead: serve,
    });
  } finally {
    over.abort();
    await running.catch(() => undefined);
  }
}

/** What is said once, at the start. Null: nothing has to be. */
export function warningOf({ protocol }: ElectionSettings): string | null {
  return protocol === 'published' ? publishedWarning : null;
}

/** The shorter one deposes the other while it works. */
function longerLease(aheadMs: number, leaseMs: number): string {
  const [ahead, lease] = [aheadMs, leaseMs].map((ms) => Math.round(ms / 1000));
  return `leader-expiration lies ${ahead} s ahead, and a leader with the election.lease of this synchronizer, ${lease} s, writes none so late. Another one has a longer lease, or it was written by hand. Give all synchronizers of this target the same election.lease: the one with the shorter lease deposes the others while they work.`;
}

const publishedWarning =
  'the published protocol may elect two leaders, and refuses no write of the one that was deposed; "fenced" does.';

function authorityOf(
  { target, position, settings }: TakePartNeeds,
  backend: ConjurBackend,
  leadership: Leadership,
  signal: AbortSignal,
): Authority {
  const { fetch, url, account } = target;
  // Before each attempt, also when a client tries again by itself.
  const whileLeading: Fetch = async (address, init) => {
    if (!authority.isLasting()) throw lost('its term is over');
    return fetch(address, init);
  };
  const authority = electedAuthority({
    backend,
    isValid: leadership.isValid,
    askMs: settings.leaseMs / renewalsPerLease,
    // Who cannot write leads for nothing: another may do better, or this one by another writer.
    onOver: leadership.stepDown,
    open: ({ login, apiKey }) =>
      openClient({ fetch: whileLeading, url, account, login, apiKey, signal, position }),
  });
  return authority;
}
