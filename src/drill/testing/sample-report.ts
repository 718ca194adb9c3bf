import type { DrillReport, RoundReport, Verdict } from '../../core/drill/verdict.ts';

type Timeline = RoundReport['timeline'];
type State = Timeline['nodes'][number]['states'][number];

/** The shape of one made-up round; what is left out is a node that was killed, and a cluster that came back. */
export interface RoundSketch {
  readonly fault?: string;
  readonly round?: number;
  /** Milliseconds after the fault began at which another node led. Null: the master stayed. */
  readonly promotedMs?: number | null;
  readonly faultMs?: number;
  readonly lengthMs?: number;
  readonly stepMs?: number;
  readonly verdict?: Partial<Verdict>;
}

const before = 6000;

/** A round on a drill's clock that does not begin at 0: whoever forgets to subtract draws nonsense. */
export function sampleRound(sketch: RoundSketch = {}): RoundReport {
  const { fault = 'node-kill', round = 1, promotedMs = 3200, faultMs = 12_000, stepMs = 250 } = sketch;
  const { lengthMs = 50_000 } = sketch;
  const from = 100_000 * round + 137;
  const beganAt = from + before;
  const to = from + lengthMs;
  const tookEffect = sketch.verdict?.tookEffect ?? true;
  const writesAgain = promotedMs === null ? 40 : promotedMs + 160;
  const counts = writesOf({ from, to, beganAt, stepMs, pauseMs: tookEffect ? writesAgain : 0 });
  const verdict: Verdict = {
    fault,
    round,
    targets: ['n1'],
    tookEffect,
    result: tookEffect ? 'passed' : 'no effect',
    detectionMs: promotedMs === null ? null : Math.round(promotedMs * 0.7),
    promotionMs: promotedMs,
    firstWriteDirectMs: tookEffect ? Math.round(writesAgain * 0.97) : null,
    firstWriteBalancerMs: tookEffect ? writesAgain : null,
    longestPauseMs: tookEffect ? writesAgain + 12 : null,
    redundancyMs: tookEffect ? 7400 : null,
    writes: { ok: sum(counts.acknowledged), indeterminate: 3, failed: sum(counts.refused) },
    reads: { ok: sum(counts.acknowledged) * 3, indeterminate: 0, failed: 9 },
    violations: [],
    twoClaims: [],
    ...sketch.verdict,
  };
  const nodes = nodesOf(from, beganAt, to, faultMs, tookEffect ? promotedMs : null);
  const inEffectAt = tookEffect ? beganAt + 35 : null;
  return {
    verdict,
    timeline: {
      from,
      to,
      fault: { beganAt, inEffectAt, endedAt: beganAt + faultMs },
      nodes,
      stepMs,
      ...counts,
    },
  };
}

/** A report of some rounds, of three nodes and a follower. */
export function sampleReport(rounds: readonly RoundReport[], more: Partial<DrillReport> = {}): DrillReport {
  return {
    format: 1,
    product: 'holdfast 0.1.0',
    startedAt: '2026-11-21T13:17:45.123Z',
    endedAt: '2026-11-21T14:02:10.456Z',
    seed: 20261121,
    cluster: {
      nodes: [
        { name: 'n1', kind: 'standby' },
        { name: 'n2', kind: 'standby' },
        { name: 'n3', kind: 'standby' },
        { name: 'f1', kind: 'follower' },
      ],
      ttlMs: 5000,
      machine: 'Linux 6.12, 2 cores, 4 GiB, PostgreSQL 17.6, etcd 3.5.16, HAProxy 3.0.11',
    },
    rounds,
    skipped: [],
    ...more,
  };
}

/** A round in which every node came and went: `changes` of its state each. */
export function flappingRound(sketch: RoundSketch, changes: number): RoundReport {
  const { verdict, timeline } = sampleRound(sketch);
  const length = (timeline.to - timeline.from) / changes;
  const states = Array.from({ length: changes }, (_, at): State => {
    const from = timeline.from + at * length;
    return { from, to: from + length, state: at % 2 === 0 ? 'standby' : 'silent', term: null };
  });
  return { verdict, timeline: { ...timeline, nodes: timeline.nodes.map(({ name }) => ({ name, states })) } };
}

/** A report in which every text is the given one. */
export function hostileReport(text: string): DrillReport {
  const violations = [{ kind: 'lost write', at: 300, key: text, sentence: text }] as const;
  const twoClaims = [{ from: 100, to: 900, nodes: [text, text] }];
  const round = sampleRound({
    fault: text,
    verdict: { result: 'failed', targets: [text], violations, twoClaims },
  });
  const nodes = round.timeline.nodes.map(({ states }) => ({ name: text, states }));
  return {
    ...sampleReport([{ ...round, timeline: { ...round.timeline, nodes } }]),
    product: text,
    startedAt: text,
    endedAt: text,
    cluster: { nodes: [{ name: text, kind: text }], ttlMs: 5000, machine: text },
    skipped: [{ fault: text, because: text }],
  };
}

function nodesOf(
  from: number,
  beganAt: number,
  to: number,
  faultMs: number,
  promotedMs: number | null,
): Timeline['nodes'] {
  const follower = { name: 'f1', states: [{ from, to, state: 'follower', term: 4 }] } as const;
  if (promotedMs === null)
    return [
      { name: 'n1', states: [{ from, to, state: 'master', term: 4 }] },
      { name: 'n2', states: [{ from, to, state: 'standby', term: 4 }] },
      { name: 'n3', states: [{ from, to, state: 'standby', term: 4 }] },
      follower,
    ];
  const promoted = beganAt + promotedMs;
  const back = beganAt + faultMs;
  const struck: readonly State[] = [
    { from, to: beganAt + 20, state: 'master', term: 4 },
    { from: beganAt + 20, to: back + 900, state: 'silent', term: null },
    { from: back + 900, to: back + 5200, state: 'starting', term: 5 },
    { from: back + 5200, to, state: 'standby', term: 5 },
  ];
  return [
    { name: 'n1', states: struck },
    {
      name: 'n2',
      states: [
        { from, to: promoted, state: 'standby', term: 4 },
        { from: promoted, to, state: 'master', term: 5 },
      ],
    },
    { name: 'n3', states: [{ from, to, state: 'standby', term: 5 }] },
    follower,
  ];
}

interface Clients {
  readonly from: number;
  readonly to: number;
  readonly beganAt: number;
  readonly stepMs: number;
  readonly pauseMs: number;
}

/** About 200 writes a second, none while there is no master; those that come then are refused. */
function writesOf({
  from,
  to,
  beganAt,
  stepMs,
  pauseMs,
}: Clients): Pick<Timeline, 'acknowledged' | 'refused'> {
  const steps = Array.from({ length: Math.ceil((to - from) / stepMs) }, (_, at) => {
    const begins = from + at * stepMs;
    const paused = Math.min(begins + stepMs, beganAt + pauseMs) - Math.max(begins, beganAt);
    const part = Math.min(1, Math.max(0, paused / stepMs));
    const usual = (stepMs / 5) * (1 + 0.12 * Math.sin(at * 1.7) + 0.07 * Math.sin(at * 0.31));
    return { acknowledged: Math.round(usual * (1 - part)), refused: Math.round((part * stepMs) / 30) };
  });
  return {
    acknowledged: steps.map(({ acknowledged }) => acknowledged),
    refused: steps.map(({ refused }) => refused),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
