import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { createMemoryElection } from '../memory/backend.ts';
import { campaign, type Leadership } from './campaign.ts';

const ttlMs = 1200;
const times = { ttlMs, renewEveryMs: 300, stopWithinMs: 200 };

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A campaign whose times of leading can be awaited. */
function contender(election: ReturnType<typeof createMemoryElection>): {
  readonly leads: () => Promise<Leadership>;
  readonly stop: () => Promise<void>;
} {
  const stopping = new AbortController();
  const seen: Leadership[] = [];
  let wake = (): void => undefined;
  const done = campaign({
    ...times,
    backend: election.connect(),
    signal: stopping.signal,
    lead: async (leadership) => {
      seen.push(leadership);
      wake();
      await fired(leadership.signal);
    },
  });
  return {
    leads: async () => {
      if (seen.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const first = seen.shift();
      assert.ok(first);
      return first;
    },
    stop: () => {
      stopping.abort();
      return done;
    },
  };
}

describe('a campaign', { timeout: 30_000, concurrency: true }, () => {
  it('leads, and gives the lock to the next when it is stopped', async () => {
    const election = createMemoryElection(ttlMs);
    const one = contender(election);
    const first = await one.leads();
    assert.ok(first.isValid());
    const other = contender(election);
    const waiting = other.leads();
    await one.stop();
    assert.ok(first.signal.aborted);
    assert.ok(!first.isValid());
    const second = await waiting;
    assert.ok(second.token > first.token);
    await other.stop();
  });

  it('is over when lead returns, and the lock is free at once', async () => {
    // So long that whoever waits for a session to end cannot be mistaken for one that did not.
    const whole = { ttlMs: 20_000, renewEveryMs: 5000, stopWithinMs: 200 };
    const election = createMemoryElection(whole.ttlMs);
    let ran = 0;
    const lead = (): void => {
      ran += 1;
    };
    const startedAt = performance.now();
    for (let each = 0; each < 3; each += 1) await campaign({ ...whole, backend: election.connect(), lead });
    assert.equal(ran, 3);
    assert.ok(performance.now() - startedAt < whole.ttlMs);
  });

  it('fails with what lead throws, and the lock is free', async () => {
    const election = createMemoryElection(ttlMs);
    const lead = (): never => {
      throw new Error('no work today');
    };
    await assert.rejects(campaign({ ...times, backend: election.connect(), lead }), /no work today/u);
    await campaign({ ...times, backend: election.connect(), lead: () => undefined });
  });

  it('leads again, by a younger token, when its lock was deleted', async () => {
    const election = createMemoryElection(ttlMs);
    const one = contender(election);
    const first = await one.leads();
    election.deleteLock();
    await fired(first.signal);
    const second = await one.leads();
    assert.ok(second.token > first.token);
    await one.stop();
  });

  it('leads again when its session was ended by somebody else', async () => {
    const election = createMemoryElection(ttlMs);
    const one = contender(election);
    const first = await one.leads();
    election.destroySession('session-2');
    await fired(first.signal);
    assert.ok((await one.leads()).token > first.token);
    await one.stop();
  });

  it('leaves the lock to others when it steps down', async () => {
    const election = createMemoryElection(ttlMs);
    const one = contender(election);
    const first = await one.leads();
    const other = contender(election);
    const next = other.leads();
    first.stepDown();
    assert.ok((await next).isValid());
    await Promise.all([one.stop(), other.stop()]);
  });

  it('loses its authority before its session could end when the store is silent', async () => {
    // The margin is a tenth of it, and what is left to stop: a machine that is busy must not use that up.
    const silent = { ttlMs: 6000, renewEveryMs: 1500, stopWithinMs: 1000 };
    const election = createMemoryElection(silent.ttlMs);
    const backend = election.connect();
    let isSilent = false;
    const hang = <T>(work: () => Promise<T>): Promise<T> =>
      isSilent
        ? new Promise<T>((_, reject) => setTimeout(() => reject(new Error('no answer')), 100))
        : work();
    let leadership: Leadership | null = null;
    const stopping = new AbortController();
    const done = campaign({
      ...silent,
      signal: stopping.signal,
      backend: {
        ...backend,
        renewSession: (id, options) => hang(() => backend.renewSession(id, options)),
        watch: (after, options) => hang(() => backend.watch(after, options)),
      },
      lead: async (given) => {
        leadership = given;
        isSilent = true;
        const silentAt = performance.now();
        await fired(given.signal);
        assert.ok(performance.now() - silentAt < silent.ttlMs, 'too late');
        stopping.abort();
      },
    });
    await done;
    assert.ok(leadership !== null);
  });

  it('refuses durations that leave no room', async () => {
    const options = { ttlMs: 1000, renewEveryMs: 900, lead: () => undefined };
    await assert.rejects(
      campaign({ ...options, backend: createMemoryElection(1000).connect() }),
      (error) => isProblem(error, 'argument_invalid') && error.detail.includes('renewEveryMs'),
    );
  });
});
