import { isBusy } from '../../core/election/conjur/answers.ts';
import { readExpiration } from '../../core/election/conjur/expiration.ts';
import { deletionText, publishedText } from '../../core/election/conjur/leader-texts.ts';
import { places } from '../../core/election/conjur/places.ts';
import { fencingToken } from '../../core/election/fencing-token.ts';
import { loadedLeader, readExpirationText, sendLeader } from './api.ts';
import { type ConjurElection, openBase } from './base.ts';
import { type ConjurBackend, createContender, type Protocol } from './contender.ts';
import { nowAtServer } from './look.ts';
import { createPace } from './pace.ts';

/** A leader that is not this contender: the published protocol does not ask who. */
const another = 'another';

/**
 * An election by the published protocol: its requests, and no others. Under delays it elects two leaders, and nothing stops the
 * writes of the one that was deposed. So it does not keep the contract of the port; it is here for elections in which others take
 * part that know no other.
 */
export function createPublishedBackend(election: ConjurElection): ConjurBackend {
  const base = openBase(election, {});
  const { api, member, lease, serverTime } = base;
  const { login, apiKey, name, leaseMs } = election;
  let token = fencingToken(0, 0);

  const look: Protocol['look'] = async (bounds, contender) => {
    const expiration = await readExpirationText(api, member, bounds);
    const { kind } = readExpiration(expiration, nowAtServer({ api, serverTime }), leaseMs);
    const isHeld = kind === 'live' || kind === 'beyond';
    const isOurs = contender !== null && contender.office !== null && lease.isAlive(contender);
    const holder = isHeld ? (isOurs ? contender.id : another) : null;
    const cursor = holder ?? `free ${expiration ?? ''}`;
    const leader = isHeld ? (isOurs ? name : another) : null;
    return {
      lock: { holder, token, isUnsettled: false, cursor },
      expiration,
      leader,
      freeAtMs: null,
      clearedAtMs: null,
    };
  };

  const take: Protocol['take'] = async (_contender, _first, bounds) => {
    const put = await sendLeader(api, member, 'PUT', () => deletionText, bounds);
    if (isBusy(put.status)) return null;
    let sentMs = 0;
    const text = (): string => {
      sentMs = api.nowMs();
      return publishedText(name);
    };
    const post = await sendLeader(api, member, 'POST', text, bounds);
    if (isBusy(post.status)) return null;
    const { apiKeys, version } = loadedLeader(api, post);
    if ((apiKeys.get(places.currentLeader) ?? null) === null) return null;
    token = fencingToken(0, version);
    return { office: { login, apiKey, caller: member }, sentMs };
  };

  const pace = createPace({ firstMs: 0, leaseMs, nowMs: api.nowMs });
  return createContender(base, {
    look,
    take,
    // It renews as itself, whom no take-over deletes.
    stands: async () => true,
    writers: places.members,
    pace,
  });
}
