import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticksOf } from './axis.ts';
import { lane } from './lanes.ts';
import { type RoundView, roundView } from './round-view.ts';
import { writeBars } from './writes.ts';
import { sampleRound } from '../testing/sample-report.ts';

const stretch = { from: -10_000, to: 90_000 };

function writes(acknowledged: readonly number[], refused: readonly number[]): RoundView['writes'] {
  return { from: -10_000, stepMs: 100_000 / acknowledged.length, acknowledged, refused };
}

test('a round is drawn on the clock of its fault, whatever clock it was seen on', () => {
  const view = roundView(sampleRound({ faultMs: 12_000, lengthMs: 50_000, round: 3 }));
  assert.deepEqual(view.whole, { from: -6000, to: 44_000 });
  assert.equal(view.inEffectAt, 35);
  assert.equal(view.endedAt, 12_000);
  assert.deepEqual(
    view.lanes[1]?.states.map(({ to }) => to),
    [3200, 44_000],
  );
});

test('a master has its term written on it, shorter where there is less room', () => {
  const drawn = (from: number, to: number): string =>
    lane({ name: 'n1', states: [{ from, to, state: 'master', term: 7 }] }, stretch, 0).markup;
  assert.match(
    drawn(-10_000, 40_000),
    /<text class="on-master wide"[^>]*>master · term 7<.*narrow"[^>]*>master · term 7<|<text class="on-master" [^>]*>master · term 7</u,
  );
  assert.match(drawn(0, 20_000), /wide"[^>]*>master · term 7<.*narrow"[^>]*>M7</u);
  assert.match(drawn(0, 4000), /wide"[^>]*>M7</u);
  assert.doesNotMatch(drawn(0, 500), /<text/u);
  assert.match(drawn(0, 500), /<title>n1: master of term 7, \+0\.00 s to \+0\.50 s<\/title>/u);
});

test('a state outside the picture is not drawn, one across its edge ends there', () => {
  const states = [
    { from: -20_000, to: -10_000, state: 'starting', term: null },
    { from: -10_000, to: 200_000, state: 'standby', term: null },
  ] as const;
  const { markup } = lane({ name: 'n1', states }, stretch, 0);
  assert.doesNotMatch(markup, /starting/u);
  assert.match(markup, /<svg x="0%" y="3" width="100%"/u);
});

test('one refused write among hundreds can be seen below the line', () => {
  const { markup } = writeBars(writes([400, 400, 400, 400], [90, 0, 1, 0]), stretch, 0);
  const [, line = '', low = ''] = /class="refused" d="[^"]*M2 (\d+)V(\d+)H3V\1"/u.exec(markup) ?? [];
  assert.ok(Number(low) - Number(line) >= 2, markup);
});

test('bars that are too many are added up, and a pause stays a gap', () => {
  const acknowledged = Array.from({ length: 6000 }, (_, at) => (at >= 3000 && at < 3100 ? 0 : 5));
  const { markup } = writeBars(
    writes(
      acknowledged,
      acknowledged.map(() => 0),
    ),
    stretch,
    0,
  );
  // Ten steps to a bar: the pause is bars 300 to 309.
  assert.match(markup, /class="acknowledged" d="M0 56V0H300V56M310 56V0H600V56"/u);
});

test('an axis has round figures, at most nine, whatever its length', () => {
  const texts = (from: number, to: number): readonly string[] =>
    ticksOf({ from, to }).map(({ text }) => text);
  assert.deepEqual(texts(-6000, 44_000), ['0 s', '10 s', '20 s', '30 s', '40 s']);
  assert.deepEqual(texts(-250, 1000), ['−0.2 s', '0.0 s', '0.2 s', '0.4 s', '0.6 s', '0.8 s', '1.0 s']);
  for (const length of [1, 37, 1000, 60_000, 3_600_000, 86_400_000])
    assert.ok(texts(0, length).length <= 10, String(length));
});
