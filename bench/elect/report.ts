import type { Figure } from '../figure.ts';
import { timing } from './electorate.ts';
import type { Handover } from './handover.ts';
import type { Idle } from './idle.ts';
import { type Percentiles, percentiles } from './percentiles.ts';

/** All that was measured. */
export interface ElectResults {
  readonly planned: readonly Handover[];
  readonly faults: readonly {
    readonly pollingPlanned: Handover;
    readonly oursUnplanned: Handover;
    readonly pollingUnplanned: Handover;
  }[];
  /** Until the first request: ours, and a Node that does nothing else. */
  readonly starts: readonly { readonly oursMs: number; readonly bareMs: number }[];
  readonly idle: Idle;
}

const goals = { plannedMs: 100, afterConsulMs: 100, firstRequestMs: 150, rssMb: 75, openQueries: 2 };

/** The figure is the planned handover; everything else is in the details, each with its goal. */
export function electFigure({ planned, faults, starts, idle }: ElectResults): Figure {
  const ours = percentiles(planned.map(({ taggedMs }) => taggedMs));
  const polling = percentiles(faults.map(({ pollingPlanned }) => pollingPlanned.taggedMs));
  const oursUnplanned = unplanned(faults.map((one) => one.oursUnplanned));
  const firstRequestMs = {
    ours: percentiles(starts.map(({ oursMs }) => oursMs)),
    bare: percentiles(starts.map(({ bareMs }) => bareMs)),
  };
  const sidecars = 2;
  const openEach = sum(idle.open) / sidecars;
  return {
    name: 'elect',
    unit: 'ms',
    ours: ours.p50,
    reference: polling.p50,
    ratio: Number((ours.p50 / polling.p50).toFixed(4)),
    goal: `a planned handover within ${goals.plannedMs} ms (median)`,
    details: {
      planned: { ours, polling },
      unplanned: { ours: oursUnplanned, polling: unplanned(faults.map((one) => one.pollingUnplanned)) },
      firstRequestMs,
      idle,
      goals: {
        [`planned handover, median, at most ${goals.plannedMs} ms`]: ours.p50 <= goals.plannedMs,
        [`unplanned takeover, every one within ${goals.afterConsulMs} ms of Consul's invalidation`]:
          oursUnplanned.afterConsulMs.max <= goals.afterConsulMs,
        [`first request, median, within ${goals.firstRequestMs} ms of the start`]:
          firstRequestMs.ours.p50 <= goals.firstRequestMs,
        [`memory after a minute at most ${goals.rssMb} MB`]:
          Math.max(idle.rssMb.leader, idle.rssMb.replica) <= goals.rssMb,
        'at rest one renewal a period, and no other request but blocking queries':
          restsQuietly(idle) && openEach === goals.openQueries,
      },
    },
  };
}

interface Unplanned {
  /** Until Consul had invalidated the session. */
  readonly consulMs: Percentiles;
  /** Until another was tagged. */
  readonly taggedMs: Percentiles;
  /** From the one to the other. */
  readonly afterConsulMs: Percentiles;
}

function unplanned(handovers: readonly Handover[]): Unplanned {
  return {
    consulMs: percentiles(handovers.map(({ freedMs }) => freedMs)),
    taggedMs: percentiles(handovers.map(({ taggedMs }) => taggedMs)),
    afterConsulMs: percentiles(handovers.map(({ freedMs, taggedMs }) => taggedMs - freedMs)),
  };
}

/** Renewals of two sidecars in a minute, give or take one each for where the minute begins; else blocking queries. */
function restsQuietly({ requests, seconds }: Idle): boolean {
  const periods = (seconds * 1000) / timing.sleepMs;
  const renewals = requests['PUT session/renew'] ?? 0;
  const others = Object.keys(requests).filter(
    (kind) => kind !== 'PUT session/renew' && !kind.endsWith('(blocking)'),
  );
  return others.length === 0 && Math.abs(renewals - 2 * periods) <= 2;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
