import { places, writerHost } from '../../core/election/conjur/places.ts';
import { fromMaster, readExpirationText } from './api.ts';
import { type ConjurElection, openBase } from './base.ts';
import { openCaller } from './caller.ts';
import { type ConjurBackend, createContender, type Protocol } from './contender.ts';
import { randomDigits } from './digits.ts';
import { openLook } from './look.ts';
import { createPace } from './pace.ts';
import { takeLead } from './take.ts';

const backOffMs = 500;
/** What was read last is older than this part of a lease: then no PUT rests on it. */
const readsPerLease = 10;

/**
 * An election by the fenced protocol over the Conjur API: the leader's host and lease of the published one, and with the host a writer
 * that the next leader deletes. Reads go to the master alone.
 */
export function createConjurBackend(election: ConjurElection): ConjurBackend {
  const base = openBase(election, fromMaster);
  const { api, member, door, serverTime } = base;
  const { account, name, leaseMs } = election;
  const pace = createPace({ firstMs: backOffMs, leaseMs, nowMs: api.nowMs });
  const take: Protocol['take'] = async ({ id }, first, bounds) => {
    const notAfterMs = api.nowMs() + leaseMs / readsPerLease;
    if ((await readExpirationText(api, member, bounds)) !== first.expiration) return null;
    const { loaded } = pace;
    const deps = { api, caller: member, name, digits: randomDigits, loaded, notAfterMs };
    const won = await takeLead(deps, id, bounds);
    if (won === null) return null;
    const login = `host/${writerHost(won.writer)}`;
    const { apiKey, sentMs } = won;
    return { office: { login, apiKey, caller: openCaller(door, { account, login, apiKey }) }, sentMs };
  };
  const look = openLook({ api, caller: member, leaseMs, serverTime });
  return createContender(base, {
    look,
    take,
    stands: async ({ id }, bounds) => (await look(bounds)).lock.holder === id,
    writers: places.writers,
    pace,
  });
}
