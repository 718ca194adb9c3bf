import { setTimeout as pause } from 'node:timers/promises';
import type { CancelSignal } from '../core/coordination/cluster-store.ts';
import { Problem } from '../core/problem.ts';
import type { Endpoint } from './etcd-endpoints.ts';
import { type Verdict, verdictProblem } from './etcd-verdict.ts';
import type { Json } from './etcd-wire.ts';

/** What a call needs to find its way. */
export interface CallRoute {
  /** Endpoints in the order to try them. */
  readonly order: () => readonly Endpoint[];
  readonly succeeded: (endpoint: Endpoint) => void;
  readonly failed: (endpoint: Endpoint) => void;
  readonly attempt: (endpoint: Endpoint, limits: AttemptLimits) => Promise<Verdict>;
  /** Null when the endpoint is there, has a leader, votes, and belongs to our cluster; else what is wrong with it. */
  readonly prove: (endpoint: Endpoint, timeoutMs: number) => Promise<string | null>;
}

export interface AttemptLimits {
  readonly timeoutMs: number;
  readonly connectMs: number;
  readonly signal: CancelSignal;
}

export interface CallLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Between two rounds over all endpoints. */
const roundPauseMs = 50;
/** With less time left than this, what is known already is a better answer than one more attempt. */
const lastTryMs = 20;
/** Part of the whole deadline that one endpoint may use up before another gets its chance. */
const share = 1 / 3;

/**
 * A call that may be sent any number of times: when the first endpoint has not answered within a third of the deadline,
 * the next one is asked as well, and the first good answer counts.
 */
export async function callRepeatable(route: CallRoute, limits: CallLimits): Promise<Json> {
  const remaining = countDown(limits.timeoutMs);
  const stop = new AbortController();
  const signal = AbortSignal.any([limits.signal, stop.signal]);
  const flights = new Map<Endpoint, Promise<Landed>>();
  const launch = async (endpoint: Endpoint): Promise<Landed> => {
    const timeoutMs = Math.max(1, remaining());
    return { endpoint, verdict: await route.attempt(endpoint, { timeoutMs, connectMs: timeoutMs, signal }) };
  };
  let queue: readonly Endpoint[] = route.order();
  let last: Problem | null = null;
  let doubt: Problem | null = null; // one unanswered attempt, and the call can no longer be called refused
  try {
    while (remaining() > 0 && !limits.signal.aborted) {
      if (queue.length === 0 && flights.size === 0) {
        await rest(Math.min(roundPauseMs, remaining()), limits.signal);
        if (remaining() < lastTryMs) break;
        queue = route.order();
      }
      const [endpoint, ...others] = queue;
      queue = others;
      if (endpoint !== undefined) flights.set(endpoint, launch(endpoint));
      const patienceMs = queue.length > 0 ? Math.min(limits.timeoutMs * share, remaining()) : remaining();
      const landed = await firstWithin([...flights.values()], patienceMs);
      if (landed === null) {
        if (endpoint !== undefined) route.failed(endpoint); // late: others first from now on
        continue;
      }
      flights.delete(landed.endpoint);
      if (landed.verdict.kind === 'ok') {
        route.succeeded(landed.endpoint);
        return landed.verdict.answer;
      }
      last = verdictProblem(landed.verdict, landed.endpoint.name);
      if (landed.verdict.kind === 'unanswered') doubt = last;
      throwIfFinal(landed.verdict, last);
      if (!limits.signal.aborted) route.failed(landed.endpoint);
    }
  } finally {
    stop.abort();
  }
  throw doubt ?? lastWord(last, flights.size > 0, limits);
}

interface Landed {
  readonly endpoint: Endpoint;
  readonly verdict: Verdict;
}

/** Throws where asking another endpoint can only bring the same. */
function throwIfFinal(verdict: Verdict, problem: Problem): void {
  if (verdict.kind === 'rejected') throw problem;
  if (verdict.kind === 'unanswered' && verdict.futile === true) {
    throw new Problem('store_rejected', `etcd's answer is refused: ${verdict.because}.`);
  }
}

/**
 * A call that must reach etcd at most once. It goes only to an endpoint that has proved itself since it last failed, moves
 * on while it is certain that nothing was done, and stops at the first doubt.
 */
export async function callOnce(route: CallRoute, limits: CallLimits): Promise<Json> {
  const remaining = countDown(limits.timeoutMs);
  const shareMs = limits.timeoutMs * share;
  let last: Problem | null = null;
  while (remaining() > 0 && !limits.signal.aborted) {
    for (const endpoint of route.order()) {
      if (remaining() <= 0 || limits.signal.aborted) break;
      const fault = endpoint.proven ? null : await route.prove(endpoint, Math.min(shareMs, remaining()));
      if (fault !== null) {
        if (!limits.signal.aborted) route.failed(endpoint);
        last = verdictProblem({ kind: 'refused', because: fault }, endpoint.name);
        continue;
      }
      if (remaining() <= 0) break;
      const timeoutMs = Math.max(1, remaining());
      const connectMs = Math.min(shareMs, timeoutMs);
      const verdict = await route.attempt(endpoint, { timeoutMs, connectMs, signal: limits.signal });
      if (verdict.kind === 'ok') {
        route.succeeded(endpoint);
        return verdict.answer;
      }
      last = verdictProblem(verdict, endpoint.name);
      if (verdict.kind === 'rejected') throw last;
      if (!limits.signal.aborted) route.failed(endpoint);
      if (verdict.kind === 'unanswered') throw last;
    }
    await rest(Math.min(roundPauseMs, remaining()), limits.signal);
    if (remaining() < lastTryMs) break;
  }
  throw lastWord(last, false, limits);
}

function lastWord(last: Problem | null, underWay: boolean, limits: CallLimits): Problem {
  if (limits.signal.aborted) {
    return new Problem(underWay ? 'store_unanswered' : 'store_unavailable', 'The call to etcd was given up.');
  }
  if (underWay || last === null) {
    const code = underWay ? 'store_unanswered' : 'store_unavailable';
    return new Problem(code, `No etcd endpoint answered within ${Math.round(limits.timeoutMs)} ms.`);
  }
  return last;
}

/** Milliseconds left, by the monotonic clock. */
function countDown(timeoutMs: number): () => number {
  const endAt = performance.now() + timeoutMs;
  return () => Math.max(0, endAt - performance.now());
}

async function firstWithin<T>(promises: readonly Promise<T>[], ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([...promises, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined); // given up: the caller looks at the signal
}
