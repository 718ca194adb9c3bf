import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LifeOptions, type LifeResult, simulateLife, writesAtATime } from './testing/simulate.ts';

/** Many lives, one seed each, all together. */
function live(count: number, options: Omit<LifeOptions, 'seed'>) {
  const lives: (LifeResult & { readonly seed: number })[] = [];
  for (let seed = 1; seed <= count; seed += 1) lives.push({ seed, ...simulateLife({ ...options, seed }) });
  const sum = (of: (life: LifeResult) => number): number => lives.reduce((all, life) => all + of(life), 0);
  return {
    terms: sum(({ terms }) => terms),
    writes: sum(({ writes }) => writes),
    stale: lives.filter(({ staleWrites }) => staleWrites > 0).map(({ seed }) => seed),
    mostStale: Math.max(...lives.map(({ mostStale }) => mostStale)),
    overlaps: sum(({ overlaps }) => overlaps),
    taken: sum(({ takenFromSettled }) => takenFromSettled),
  };
}

const count = 3000;

test(`fenced: no write of an old term behind the first of a younger one, in ${count} lives full of delays`, (t) => {
  const { terms, writes, stale, overlaps } = live(count, { protocol: 'fenced' });
  t.diagnostic(`${terms} terms, ${writes} writes, ${overlaps} times two had authority`);
  assert.deepEqual(stale, []);
  // Lives in which nothing happened would prove nothing.
  assert.ok(terms > 4 * count, `${terms} terms`);
  assert.ok(writes > 20 * count, `${writes} writes`);
});

test('fenced, on a prompt network: nobody takes the lead from one who has it, however clocks differ', () => {
  const { terms, stale, taken } = live(1000, { protocol: 'fenced', isPrompt: true, clockStepMs: 400 });
  assert.deepEqual([stale, taken], [[], 0]);
  assert.ok(terms > 3000, `${terms} terms`);
});

test('published: two leaders, and writes of the deposed one are accepted', () => {
  const { stale, overlaps } = live(500, { protocol: 'published' });
  assert.ok(overlaps > 50, `${overlaps} times two leaders`);
  assert.ok(stale.length > 50, `${stale.length} lives`);
});

test('fenced, on a server that does not hold the role until commit: late ones are those that were under way', () => {
  const { stale, mostStale } = live(1000, { protocol: 'fenced', landsLate: true });
  assert.ok(stale.length > 0, 'nothing landed late: then this test proves nothing');
  assert.ok(mostStale <= writesAtATime, `${mostStale} behind one term`);
});

test('fenced, on a server whose deletion leaves the writers: the checker sees it', () => {
  const { stale } = live(200, { protocol: 'fenced', keepsWriters: true });
  assert.ok(stale.length > 20, `${stale.length} lives`);
});

test('the same seed lives the same life', () => {
  const life = (): LifeResult => simulateLife({ seed: 7, protocol: 'fenced' });
  assert.deepEqual(life(), life());
});
