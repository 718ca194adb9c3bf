import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ApiRefusal } from '../../client/refusal.ts';
import { places } from '../../core/election/conjur/places.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { freeLook } from '../testing/free-look.ts';
import { silentBase } from '../testing/silent-base.ts';
import type { Caller, CallerAnswer } from './caller.ts';
import { type ConjurBackend, createContender, type Protocol, type Won } from './contender.ts';
import { openLease } from './lease.ts';
import type { Look } from './look.ts';

const leaseMs = 12_000;
const bounds = { timeoutMs: 10_000 };
const never = new AbortController().signal;
const isLate = (error: unknown): boolean => isProblem(error, 'api_unanswered');

/** An answer of the server to a write of the lease. */
function answered(status: number): CallerAnswer {
  const answer = { status, header: () => null, bytes: new Uint8Array() };
  return { ...answer, refusal: () => new ApiRefusal('api_forbidden', 'refused.', answer, null) };
}

describe('a contender whose calls come while others are under way', () => {
  /** The clock has gone on so far beside the real one. */
  let laterMs: number;
  let seen: Look;
  let looked: () => Promise<void>;
  let take: Protocol['take'];
  let stands: Protocol['stands'];
  let write: () => Promise<CallerAnswer>;
  let writes: number;
  let takes: number;
  let backend: ConjurBackend;
  let id: string;

  beforeEach(async () => {
    [laterMs, seen, writes, takes] = [0, freeLook, 0, 0];
    looked = async () => undefined;
    stands = async () => assert.fail('nothing is refused');
    write = async () => answered(201);
    const opened = silentBase(leaseMs);
    const api = { ...opened.api, nowMs: () => opened.api.nowMs() + laterMs };
    const { closing, serverTime } = opened;
    const lease = openLease({ api, leaseMs, signal: closing.signal, serverTime });
    api.onDated({ dateMs: Date.now(), sentMs: api.nowMs(), receivedMs: api.nowMs() });
    const send: Caller['send'] = async (make) => {
      make();
      writes += 1;
      return write();
    };
    const won = (): Won => {
      const office = { login: 'host/writer-1', apiKey: new Secret('k'), caller: { send } };
      seen = { ...freeLook, leader: 'one', lock: { ...freeLook.lock, holder: id, cursor: 'held' } };
      return { office, sentMs: api.nowMs() };
    };
    take = async () => won();
    const protocol: Protocol = {
      look: async () => {
        await looked();
        return seen;
      },
      take: (...given) => {
        takes += 1;
        return take(...given);
      },
      stands: (...given) => stands(...given),
      writers: places.writers,
      pace: {
        notBeforeMs: () => 0,
        graceMs: () => 0,
        loaded: () => undefined,
        failed: () => undefined,
        won: () => undefined,
      },
    };
    backend = createContender({ ...opened, api, lease }, protocol);
    ({ id } = await backend.openSession(bounds));
  });

  const acquire = () => backend.acquire(id, freeLook.lock, bounds);

  it('does not take the lead by what it saw a lease ago', async () => {
    looked = async () => void (laterMs += leaseMs);
    await assert.rejects(acquire(), isLate);
    assert.equal(takes, 0);
  });

  it('whose session ended while its attempt waited does not take the lead', async () => {
    await acquire();
    const late = Promise.withResolvers<CallerAnswer>();
    write = () => late.promise;
    const renewing = backend.renewSession(id, bounds);
    seen = freeLook; // its host was deleted by hand
    const begun = Promise.withResolvers<void>();
    looked = async () => begun.resolve();
    const again = acquire();
    await begun.promise;
    setImmediate(() => late.resolve(answered(403)));
    assert.equal(await renewing, 'gone');
    await assert.rejects(again, isLate);
    assert.equal(takes, 1);
  });

  it('whose host was deleted by hand leads by its old writer no more, when the answer that it won by is lost', async () => {
    await acquire();
    assert.notEqual(backend.writer(), null);
    const own = seen;
    seen = freeLook;
    take = async () => {
      seen = own;
      throw new Problem('api_unanswered', 'the connection broke off.');
    };
    await assert.rejects(acquire(), isLate);
    assert.equal(backend.writer(), null);
    const { holder } = await backend.watch(null, { ...bounds, waitMs: 0, signal: never });
    assert.equal(holder, `${id}, unanswered`);
  });

  it('lives as a candidate for as long as its attempt takes', async () => {
    const begun = Promise.withResolvers<void>();
    const lost = Promise.withResolvers<null>();
    take = () => {
      begun.resolve();
      return lost.promise;
    };
    const taking = acquire();
    await begun.promise;
    laterMs += 2 * leaseMs;
    const renewing = backend.renewSession(id, bounds);
    lost.resolve(null);
    await taking;
    assert.equal(await renewing, 'renewed');
  });

  it('whose lease passed while a renewal waited for its turn is gone, and writes nothing', async () => {
    await acquire();
    const late = Promise.withResolvers<CallerAnswer>();
    const sent = Promise.withResolvers<void>();
    write = () => {
      sent.resolve();
      return late.promise;
    };
    const first = backend.renewSession(id, bounds);
    const second = backend.renewSession(id, { timeoutMs: 2 * leaseMs });
    await sent.promise;
    laterMs += leaseMs;
    late.resolve(answered(500));
    await assert.rejects(first, ApiRefusal);
    assert.equal(await second, 'gone');
    assert.equal(writes, 2);
  });

  it('that may not keep what it won says so before its session is gone', async () => {
    write = async () => answered(403);
    const asked = Promise.withResolvers<void>();
    const verdict = Promise.withResolvers<boolean>();
    stands = () => {
      asked.resolve();
      return verdict.promise;
    };
    const told: string[] = [];
    const taking = acquire().catch((error: unknown) => void told.push(isProblem(error) ? error.code : '?'));
    await asked.promise;
    const renewing = backend.renewSession(id, bounds).then((answer) => void told.push(answer));
    verdict.resolve(true);
    await Promise.all([taking, renewing]);
    assert.deepEqual(told.toSorted(), ['gone', 'term_refused']);
    assert.equal(told[0], 'term_refused');
  });
});
