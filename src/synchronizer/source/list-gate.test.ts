import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem, Problem } from '../../core/problem.ts';
import { openListGates } from './list-gate.ts';

const signal = new AbortController().signal;
const hang = () => Promise.reject(new Problem('source_unanswered', 'no answer.'));
const refuse = () => Promise.reject(new Problem('source_forbidden', 'not permitted.'));
const fine = async () => 'fine';
const no = (words: RegExp) => (error: unknown) =>
  isProblem(error, 'source_unanswered') && words.test(error.detail);

test('three calls in a row that nobody answers close a line of business, and no other', async () => {
  const gateOf = openListGates();
  const [one, other] = [gateOf(), gateOf()];
  for (let at = 0; at < 3; at += 1) await assert.rejects(one(hang, signal), no(/^no answer/u));
  await assert.rejects(
    one(fine, signal),
    no(/not asked for it in this pass: 3 lists in a row were not answered \(no answer/u),
  );
  assert.equal(await other(fine, signal), 'fine');
});

test('an answer between them begins the count anew, a refusal too', async () => {
  for (const answer of [fine, refuse]) {
    const gate = openListGates()();
    for (let at = 0; at < 10; at += 1) {
      await assert.rejects(gate(hang, signal), no(/^no answer/u));
      if (at % 2 === 1) await gate(answer, signal).catch(() => undefined);
    }
  }
});

test('a call during which another one was answered does not count', async () => {
  const gate = openListGates()();
  for (let at = 0; at < 5; at += 1) {
    const slow = Promise.withResolvers<never>();
    const asked = gate(() => slow.promise, signal);
    await gate(fine, signal);
    slow.reject(new Problem('source_unanswered', 'no answer.'));
    await assert.rejects(asked, no(/^no answer/u));
  }
  assert.equal(await gate(fine, signal), 'fine');
});

test('three lines of business in a row close the source, unless one of them answered', async () => {
  const closing = async (between: () => Promise<unknown>): Promise<unknown> => {
    const gateOf = openListGates();
    for (let lob = 0; lob < 3; lob += 1) {
      if (lob === 2) await gateOf()(between, signal).catch(() => undefined);
      const gate = gateOf();
      for (let at = 0; at < 3; at += 1) await gate(hang, signal).catch(() => undefined);
    }
    return gateOf()(fine, signal).catch((error: unknown) => error);
  };
  assert.equal(await closing(fine), 'fine');
  assert.ok(no(/3 lines of business in a row did not answer/u)(await closing(hang)));
});

test('an interruption is no silence', async () => {
  const gate = openListGates()();
  for (let at = 0; at < 5; at += 1)
    await assert.rejects(gate(() => Promise.reject(new Problem('interrupted', 'interrupted.')), signal));
  assert.equal(await gate(fine, signal), 'fine');
});

test('what is under way when a line of business is given up is stopped, and says why', async () => {
  const gate = openListGates()();
  const stopped = (asked: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      asked.addEventListener('abort', () => reject(new Problem('interrupted', 'interrupted.')));
    });
  const underWay = assert.rejects(gate(stopped, signal), no(/3 lists in a row were not answered/u));
  for (let at = 0; at < 3; at += 1) await assert.rejects(gate(hang, signal), no(/^no answer/u));
  await underWay;
});
