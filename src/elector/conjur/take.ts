import { isBusy } from '../../core/election/conjur/answers.ts';
import { deletionText, fencedText } from '../../core/election/conjur/leader-texts.ts';
import { places, writerHost } from '../../core/election/conjur/places.ts';
import { writerName } from '../../core/election/conjur/terms.ts';
import { Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';
import { pause } from '../../runtime/pause.ts';
import { type ElectionApi, loadedLeader, sendLeader } from './api.ts';
import type { Caller, SendBounds } from './caller.ts';

export interface TakeDeps {
  readonly api: ElectionApi;
  /** A member. */
  readonly caller: Caller;
  /** What this contender is called in the annotation of `current-leader`. */
  readonly name: string;
  /** So many hexadecimal digits that nobody can guess or repeat. */
  readonly digits: (count: number) => string;
}

/** So often a POST is made anew, with another writer each time, while other loads are under way. */
const mostPosts = 8;
const busyPauseMs = 250;

/**
 * The PUT and the POST: takes the lock whoever holds it, so look first.
 *
 * @returns the writer of the term and its key; null: somebody else came first, or another load was under way
 * @throws Problem when no answer came, or a right is missing
 */
export async function takeLead(
  deps: TakeDeps,
  session: string,
  bounds: SendBounds,
): Promise<{ readonly writer: string; readonly apiKey: Secret<string> } | null> {
  const { api, caller, name } = deps;
  const put = await sendLeader(api, caller, 'PUT', deletionText, bounds);
  if (isBusy(put.status)) return null;
  for (let posts = 0; posts < mostPosts; posts += 1) {
    const writer = writerName(session, deps.digits);
    const post = await sendLeader(api, caller, 'POST', fencedText(name, writer), bounds);
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
    return { writer, apiKey };
  }
  return null;
}

function noKeys(): Problem {
  return new Problem(
    'api_not_allowed',
    `the server makes ${places.currentLeader} without an API key, by which elections are won. Does it run with CONJUR_AUTHN_API_KEY_DEFAULT=false?`,
  );
}
