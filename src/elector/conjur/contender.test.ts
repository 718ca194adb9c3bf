import assert from 'node:assert/strict';
import { once } from 'node:events';
import { beforeEach, describe, it } from 'node:test';
import { places } from '../../core/election/conjur/places.ts';
import { Secret } from '../../core/secret.ts';
import { freeLook } from '../testing/free-look.ts';
import { silentBase } from '../testing/silent-base.ts';
import type { ElectionBase } from './base.ts';
import type { Caller } from './caller.ts';
import { type ConjurBackend, createContender, type Won } from './contender.ts';

const leaseMs = 12_000;
const bounds = { timeoutMs: 10_000 };
const never = new AbortController().signal;

describe('an attempt to take the lead, and its pace', () => {
  let restMs: number;
  let done: string[];
  let take: () => Promise<Won | null>;
  let base: ElectionBase;
  let backend: ConjurBackend;
  let id: string;

  beforeEach(async () => {
    restMs = 0;
    done = [];
    take = async () => null;
    base = silentBase(leaseMs);
    backend = createContender(base, {
      look: async () => {
        done.push('look');
        return freeLook;
      },
      take: async () => {
        done.push('take');
        return take();
      },
      stands: async () => assert.fail('nothing is refused'),
      writers: places.writers,
      pace: {
        notBeforeMs: () => base.api.nowMs() + restMs,
        graceMs: () => 0,
        loaded: () => undefined,
        failed: () => void done.push('failed'),
        won: () => void done.push('won'),
      },
    });
    ({ id } = await backend.openSession(bounds));
  });

  const acquire = async (): Promise<readonly string[]> => {
    const seen = await backend.watch(null, { ...bounds, waitMs: 0, signal: never });
    done = [];
    assert.deepEqual(await backend.acquire(id, seen, bounds), freeLook.lock);
    return done;
  };

  // The first test of this file, for Node warns once.
  it('does not rest for less than nothing, of which Node warns', async () => {
    restMs = -5;
    const over = new AbortController();
    const warned = once(process, 'warning', { signal: over.signal });
    await acquire();
    setImmediate(() => over.abort());
    await assert.rejects(warned, { name: 'AbortError' });
  });

  it('is made when its pace wants no rest; one that leads nowhere is told to it', async () => {
    assert.deepEqual(await acquire(), ['look', 'take', 'failed', 'look']);
  });

  it('is not made while its pace wants a longer rest than whoever called waits: it only looks', async () => {
    restMs = leaseMs / 3;
    assert.deepEqual(await acquire(), ['look']);
    restMs = 0;
    assert.deepEqual(await acquire(), ['look', 'take', 'failed', 'look'], 'the rest is over');
  });

  it('rests first when that is short, and looks anew after it', async () => {
    restMs = 400;
    const beganMs = performance.now();
    assert.deepEqual(await acquire(), ['look', 'take', 'failed', 'look']);
    assert.ok(performance.now() - beganMs >= restMs - 2, 'it did not rest');
  });

  it('that wins is told to it', async () => {
    const nowMs = base.api.nowMs();
    base.api.onDated({ dateMs: Date.now(), sentMs: nowMs, receivedMs: nowMs });
    const send: Caller['send'] = async (make) => {
      done.push(make().attempt);
      return { status: 201, header: () => null, bytes: new Uint8Array(), refusal: () => assert.fail() };
    };
    const office = { login: 'host/writer-1', apiKey: new Secret('k'), caller: { send } };
    take = async () => ({ office, sentMs: nowMs });
    assert.deepEqual(await acquire(), ['look', 'take', 'won', `set ${places.expiration}`, 'look']);
    assert.equal(backend.writer(), office);
  });

  it('that fails is one that led nowhere', async () => {
    take = async () => {
      throw new Error('the connection broke off');
    };
    const seen = await backend.watch(null, { ...bounds, waitMs: 0, signal: never });
    done = [];
    await assert.rejects(backend.acquire(id, seen, bounds), /broke off/u);
    assert.deepEqual(done, ['look', 'take', 'failed']);
  });
});
