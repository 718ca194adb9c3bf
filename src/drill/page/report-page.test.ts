import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { DrillReport, RoundReport, Violation } from '../../core/drill/verdict.ts';
import { flappingRound, hostileReport, sampleReport, sampleRound } from '../testing/sample-report.ts';
import { reportPage } from './report-page.ts';

const lost: Violation = { kind: 'lost write', at: 4200, key: 'drill/17', sentence: 'Version 8 is gone.' };

test('a drill in which every promise held says so first, with what was counted', () => {
  const page = reportPage(sampleReport([sampleRound(), sampleRound({ fault: 'agent-kill' })]));
  const head = partOf(page, 'header');
  assert.match(head, /<header class="held">/u);
  assert.match(
    textOf(head),
    /Every promise held: 2 faults, 2 rounds, 0 lost writes, 0 moments with two writers/u,
  );
  assert.doesNotMatch(page, /class="[^"]*\bbad\b/u);
});

test('what was broken stands before all else, and its mark stands at its time', () => {
  const broken = sampleRound({ verdict: { result: 'failed', violations: [{ ...lost, at: 19_000 }] } });
  const page = reportPage(sampleReport([sampleRound({ fault: 'agent-kill' }), broken]));
  assert.match(partOf(page, 'header'), /<header class="broken">/u);
  assert.match(textOf(partOf(page, 'h1')), /Promises were broken: 1 lost write; 1 of 2 rounds failed\./u);
  assert.ok(page.indexOf('Version 8 is gone.') < page.indexOf('class="tiles"'));
  // Of 50 s that begin 6 s before the fault, 19 s after it is the middle.
  assert.match(page, /<line class="violation" x1="50%" x2="50%"/u);
  assert.match(page, /<a href="#round-2">node-kill, round 1<\/a>/u);
});

test('a round that failed without a violation is told with what was not seen', () => {
  const round = sampleRound({ verdict: { result: 'failed', firstWriteBalancerMs: null } });
  const head = textOf(partOf(reportPage(sampleReport([round])), 'header'));
  assert.match(head, /1 of 1 round failed/u);
  assert.match(head, /Not seen: first write, balancer\./u);
});

test('a fault without effect is never called passed', () => {
  const without = sampleRound({ promotedMs: null, verdict: { tookEffect: false } });
  for (const result of ['no effect', 'passed'] as const) {
    const page = reportPage(sampleReport([{ ...without, verdict: { ...without.verdict, result } }]));
    assert.match(partOf(page, 'h1'), /Nothing was shown: 1 round, and no fault took effect\./u);
    assert.match(page, /<article id="round-1" class="no-effect">/u);
    assert.doesNotMatch(page, /badge passed/u);
  }
  const mixed = reportPage(
    sampleReport([sampleRound(), { ...without, verdict: { ...without.verdict, round: 2 } }]),
  );
  assert.match(textOf(partOf(mixed, 'header')), /1 round had no effect: not counted as passed\./u);
  assert.doesNotMatch(partOf(mixed, 'tbody'), /badge passed/u);
});

test('a skipped fault has a row that says why, and counts for nothing', () => {
  const page = reportPage(
    sampleReport([sampleRound()], { skipped: [{ fault: 'clock-jump', because: 'No libfaketime.' }] }),
  );
  assert.match(textOf(partOf(page, 'tbody')), /clock-jump– skippedNo libfaketime\./u);
  assert.match(partOf(page, 'h1'), /1 fault, 1 round/u);
  assert.match(textOf(partOf(page, 'header')), /1 fault could not be made here: not counted as passed\./u);
});

test('a report without rounds says that nothing was shown', () => {
  const page = reportPage(sampleReport([]));
  assert.match(partOf(page, 'h1'), /Nothing was shown: no round was run\./u);
  assert.doesNotMatch(page, /<table|<article/u);
});

test('text of others adds no markup, whatever it is made of', () => {
  const tags = (report: DrillReport): readonly string[] => reportPage(report).match(/<[^\s>]*/gu) ?? [];
  assert.deepEqual(
    tags(hostileReport(`<script>alert(1)</script>"'><img src=x onerror=alert(1)>`)),
    tags(hostileReport('x'.repeat(55))),
  );
  const page = reportPage(hostileReport('"onload="alert(1)"\u202e\u0000'));
  assert.doesNotMatch(page, /"onload=/u);
  assert.doesNotMatch(page.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
});

test('the page runs nothing, loads nothing, and allows its own style sheet alone', () => {
  const page = reportPage(sampleReport([sampleRound()]));
  const style = /<style>(.*?)<\/style>/su.exec(page)?.[1] ?? '';
  const digest = createHash('sha256').update(style).digest('base64');
  assert.ok(
    page.includes(
      `content="default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'"`,
    ),
  );
  assert.doesNotMatch(page, /<script|\sstyle="|\son[a-z]+="|https?:|@import|src=/u);
  assert.ok(page.indexOf('Content-Security-Policy') < page.indexOf('<style>'));
});

test('every link and every pattern leads to one place in the page', () => {
  const rounds = [1, 2, 3].flatMap((round) => ['a', 'b'].map((fault) => sampleRound({ fault, round })));
  const page = reportPage(sampleReport(rounds));
  const ids = Array.from(page.matchAll(/\sid="([^"]+)"/gu), ([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  const wanted = Array.from(page.matchAll(/(?:href="#|url\(#)([^")]+)/gu), ([, id]) => id);
  assert.ok(wanted.length > 10);
  assert.deepEqual(
    wanted.filter((id) => !ids.includes(id)),
    [],
  );
  assert.match(page, /<nav class="contents"/u);
});

test('the moments after a fault are drawn again, larger, where the whole is too long to show them', () => {
  const captions = (round: RoundReport): number =>
    reportPage(sampleReport([round])).match(/<figcaption>/gu)?.length ?? 0;
  assert.equal(captions(sampleRound({ promotedMs: 2000, lengthMs: 60_000 })), 2);
  assert.equal(captions(sampleRound({ promotedMs: 12_000, lengthMs: 40_000 })), 1);
  assert.equal(captions(sampleRound({ promotedMs: null })), 1);
});

test('sixty rounds, some of nodes that come and go all the time, stay under 2 MB', () => {
  const rounds = Array.from({ length: 60 }, (_, at) => {
    const sketch = {
      fault: `fault-${at % 20}`,
      round: 1 + Math.floor(at / 20),
      stepMs: 50,
      lengthMs: 90_000,
    };
    return at % 20 < 3 ? flappingRound(sketch, 400) : sampleRound(sketch);
  });
  const bytes = Buffer.byteLength(reportPage(sampleReport(rounds)));
  assert.ok(bytes < 2_000_000, `${bytes} bytes`);
});

test('thousands of violations are counted, the first of them are shown', () => {
  const violations = Array.from({ length: 5000 }, (_, at) => ({ ...lost, at: at * 5, key: `drill/${at}` }));
  const page = reportPage(sampleReport([sampleRound({ verdict: { result: 'failed', violations } })]));
  assert.match(textOf(partOf(page, 'header')), /5,000 lost writes first \+0\.00 s/u);
  assert.match(page, /And 4,985 more violations in the JSON report\./u);
  assert.ok(page.length < 100_000, `${page.length} characters`);
});

test('a timeline of nothing, or one that ends before it begins, is drawn without nonsense', () => {
  const { verdict, timeline } = sampleRound();
  const empty = { ...timeline, nodes: [], acknowledged: [], refused: [], stepMs: 0 };
  const backwards = { ...timeline, to: timeline.from - 5000 };
  for (const odd of [empty, backwards]) {
    const page = reportPage(sampleReport([{ verdict, timeline: odd }]));
    assert.doesNotMatch(page, /="[^"]*(?:NaN|Infinity|undefined)|width="-|height="-/u);
  }
});

function partOf(page: string, tag: string): string {
  return new RegExp(`<${tag}[ >].*?</${tag}>`, 'su').exec(page)?.[0] ?? '';
}

function textOf(markup: string): string {
  return markup.replaceAll(/<[^>]*>/gu, '').replaceAll(/\n+/gu, '');
}
