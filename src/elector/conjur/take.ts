import { isBusy } from '../../core/election/conjur/answers.ts';
import { deletionText, fencedText } from '../../core/election/conjur/leader-texts.ts';
import { places, writerHost } from '../../core/election/conjur/places.ts';
import { writerName } from '../../core/election/conjur/terms.ts';
import { Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';
import { pause } from '../../runtime/pause.ts';
import { type ElectionApi, loadedLeader, sendLeader } from './api.ts';
import type { Caller, CallerAnswer, SendBounds } from './caller.ts';

export interface TakeDeps {
  readonly api: ElectionApi;
  /** A member. */
  readonly caller: Caller;
  /** What this contender is called in the annotation of `current-leader`. */
  readonly name: string;
  /** So many hexadecimal digits that nobody can guess or repeat. */
  readonly digits: (count: number) => string;
  /** Told what each load took that was done. */
  readonly loaded: (ms: number) => void;
  /** By the client's clock: what was read is too old then to take the lead by. */
  readonly notAfterMs: number;
}

/** A term that was won. */
export interface WonTerm {
  readonly writer: string;
  readonly apiKey: Secret<string>;
  /** When the load was sent that made the leader's host, by the client's clock: nobody takes its lead from it for a lease since. */
  readonly sentMs: number;
}

/** So often a POST is made anew, with another writer each time, while other loads are under way. */
const mostPosts = 8;
const busyPauseMs = 250;

/**
 * The PUT and the POST: takes the lock whoever holds it, so look first.
 *
 * @returns the writer of the term and its key; null: somebody else came first, or another load was under way
 * @throws Problem when no answer came, a right is missing, or it came too late to the PUT
 */
export async function takeLead(deps: TakeDeps, session: string, bounds: SendBounds): Promise<WonTerm | null> {
  const { api, name, notAfterMs } = deps;
  const put = await load(
    deps,
    'PUT',
    () => {
      if (api.nowMs() > notAfterMs) throw tooSlow();
      return deletionText;
    },
    bounds,
  );
  if (isBusy(put.status)) return null;
  for (let posts = 0; posts < mostPosts; posts += 1) {
    const writer = writerName(session, deps.digits);
    let sentMs = 0;
    const post = await load(
      deps,
      'POST',
      () => {
        sentMs = api.nowMs();
        return fencedText(name, writer);
      },
      bounds,
    );
    if (isBusy(post.status)) {
      await pause(busyPauseMs, bounds.signal);
      continue;
    }
    const { apiKeys } = loadedLeader(api, post);
    if (!apiKeys.has(places.currentLeader)) return null;
    const apiKey = apiKeys.get(writerHost(writer));
    // A key of its own is what the published protocol tells the winner by; all contenders must go by the same.
    if (apiKeys.get(places.currentLeader) === null) throw noKeys();
    if (apiKey === undefined || apiKey === null) throw noKeys();
    return { writer, apiKey, sentMs };
  }
  return null;
}

async function load(
  { api, caller, loaded }: TakeDeps,
  method: 'PUT' | 'POST',
  text: () => string,
  bounds: SendBounds,
): Promise<CallerAnswer> {
  let sentMs = 0;
  const send = (): string => {
    const body = text();
    sentMs = api.nowMs();
    return body;
  };
  const answer = await sendLeader(api, caller, method, send, bounds);
  if (!isBusy(answer.status)) loaded(api.nowMs() - sentMs);
  return answer;
}

function tooSlow(): Problem {
  return new Problem(
    'api_unanswered',
    'the election was read too slowly to take the lead by what was read; it is tried again.',
  );
}

function noKeys(): Problem {
  return new Problem(
    'api_not_allowed',
    `the server makes ${places.currentLeader} without an API key, by which elections are won. Does it run with CONJUR_AUTHN_API_KEY_DEFAULT=false?`,
  );
}
