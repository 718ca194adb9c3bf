import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { describe, it } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { callOnce, callRepeatable, type CallRoute } from './etcd-call.ts';
import type { Endpoint } from './etcd-endpoints.ts';
import type { Verdict } from './etcd-verdict.ts';

type Script = (attempt: number) => Promise<Verdict>;

const ok: Script = async () => ({ kind: 'ok', answer: { by: 'it' } });
const refuses: Script = async () => ({ kind: 'refused', because: 'no' });
const hangsUp: Script = async () => ({ kind: 'unanswered', because: 'reset' });
const never: Script = () => new Promise(() => undefined);

/** A route over endpoints that behave as scripted, in that order of preference; it notes who was asked. */
function routeOver(
  scripts: Readonly<Record<string, Script>>,
  proven = true,
): { route: CallRoute; asked: string[] } {
  const agent = new Agent();
  const endpoints = Object.keys(scripts).map((name): Endpoint => {
    const url = new URL(`https://${name}`);
    return { name, url, agent, streamAgent: agent, proven };
  });
  const asked: string[] = [];
  const route: CallRoute = {
    order: () => endpoints,
    succeeded: () => undefined,
    failed: () => undefined,
    prove: async ({ name }) => (name.startsWith('sick') ? 'it is sick' : null),
    attempt: ({ name }) => {
      asked.push(name);
      return (scripts[name] ?? refuses)(asked.filter((one) => one === name).length);
    },
  };
  return { route, asked };
}

const limits = (timeoutMs: number) => ({ timeoutMs, signal: new AbortController().signal });

describe('a call that must be made at most once', () => {
  it('stops at the first doubt', async () => {
    const { route, asked } = routeOver({ a: hangsUp, b: ok });
    await assert.rejects(callOnce(route, limits(300)), (error) => isProblem(error, 'store_unanswered'));
    assert.deepEqual(asked, ['a']);
  });

  it('moves on while it is certain that nothing was done', async () => {
    const { route, asked } = routeOver({ a: refuses, b: ok });
    assert.deepEqual(await callOnce(route, limits(300)), { by: 'it' });
    assert.deepEqual(asked, ['a', 'b']);
  });

  it('asks again until the deadline while everybody refuses', async () => {
    const recovers: Script = async (attempt) => (attempt < 3 ? refuses(attempt) : ok(attempt));
    const { route, asked } = routeOver({ a: refuses, b: recovers });
    assert.deepEqual(await callOnce(route, limits(2000)), { by: 'it' });
    assert.equal(asked.length, 6);
  });

  it('goes only to an endpoint that has proved itself', async () => {
    const { route, asked } = routeOver({ sick: ok, well: ok }, false);
    await callOnce(route, limits(300));
    assert.deepEqual(asked, ['well']);
  });

  it('is refused when nobody took it, with the reason', async () => {
    const { route } = routeOver({ sick: ok }, false);
    await assert.rejects(
      callOnce(route, limits(120)),
      (error) => isProblem(error, 'store_unavailable') && error.detail.includes('it is sick'),
    );
  });
});

describe('a call that may be repeated', () => {
  it('asks a second endpoint when the first is late, and takes the first good answer', async () => {
    const { route, asked } = routeOver({ a: never, b: ok });
    assert.deepEqual(await callRepeatable(route, limits(300)), { by: 'it' });
    assert.deepEqual(asked, ['a', 'b']);
  });

  it('is unanswered, not refused, once one attempt was', async () => {
    const { route } = routeOver({ a: hangsUp, b: refuses });
    await assert.rejects(callRepeatable(route, limits(200)), (error) => isProblem(error, 'store_unanswered'));
  });

  it('is unanswered when attempts are still under way at the deadline', async () => {
    const { route } = routeOver({ a: never, b: never });
    await assert.rejects(callRepeatable(route, limits(100)), (error) => isProblem(error, 'store_unanswered'));
  });
});
