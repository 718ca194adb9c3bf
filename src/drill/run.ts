import { createHash } from 'node:crypto';
import type { ClusterClient } from '../agent/cluster-client.ts';
import type { ClusterStatus } from '../agent/operations.ts';
import { check } from '../core/drill/check.ts';
import { timelineOf } from '../core/drill/timeline.ts';
import type { DrillReport, RoundReport } from '../core/drill/verdict.ts';
import { Problem } from '../core/problem.ts';
import { type Random, seededRandom } from '../core/random.ts';
import { startClock } from './clock.ts';
import type { Fault } from './faults/fault.ts';
import { fill } from './fill.ts';
import { clearFaults } from './network/clear-faults.ts';
import { loadPolicy, removePolicies, removePolicy, roundPolicy } from './policy.ts';
import { isDone, openReport, withRound, writeReport } from './report.ts';
import { runRound } from './round.ts';
import type { Target } from './target.ts';
import { isWhole, whyNotWhole } from './whole.ts';

export interface DrillOptions {
  readonly target: Target;
  readonly cluster: ClusterClient;
  readonly faults: readonly Fault[];
  readonly rounds: number;
  /** Of the order in which faults come, and of what they leave to chance. */
  readonly seed: number;
  /** Where `report.json` and `report.html` go. Rounds that stand there already, of the same seed, are not run again. */
  readonly directory: string;
  readonly product: string;
  /** So many megabytes are stored before the first round; 0: none. */
  readonly fillMb: number;
  readonly onStep: (sentence: string) => void;
  readonly onRound: (round: RoundReport) => void;
  readonly signal: AbortSignal;
}

/** A cluster that has just healed may still be changing its synchronous set. */
const wholeMs = 90_000;

/**
 * Makes each fault `rounds` times, and writes the report after each round.
 *
 * @throws Problem `cluster_not_whole` when the cluster is not whole to begin with: then nothing was changed
 */
export async function runDrill(options: DrillOptions): Promise<DrillReport> {
  const { cluster, target, signal } = options;
  const status = await openingStatus(options);
  await requireSameCluster(target, status);
  const { able, skipped } = await sorted(options.faults, target);
  let report = { ...(await openReport(options, status)), skipped };
  if (able.length === 0) return report;
  const random = seededRandom(options.seed);
  const plan = Array.from({ length: options.rounds }, (_, index) =>
    shuffled(able, random.below).map((fault) => ({ fault, round: index + 1 })),
  ).flat();
  const clock = startClock();
  try {
    if (options.fillMb > 0) {
      options.onStep(`storing ${options.fillMb} MB first`);
      await fill(target, options.fillMb, signal);
    }
    for (const { fault, round } of plan) {
      if (signal.aborted) break;
      if (isDone(report, fault.name, round)) continue;
      options.onStep(`${fault.name}, round ${round}: ${fault.about}`);
      const before = await becomesWhole(cluster, signal);
      if (before === null) break;
      const nodes = before.nodes.filter(({ kind }) => kind !== 'follower').map(({ name }) => name);
      const name = `${fault.name}-${round}-${Date.now().toString(36)}`;
      const policy = roundPolicy(name, nodes, fault.writers ?? 0);
      await loadPolicy(target, policy);
      const chance = randomOf(options.seed, fault, round);
      const setting = { target, cluster, clock, random: chance, onStep: options.onStep, signal };
      const history = await runRound(setting, fault, before, policy);
      if (history === null) break;
      const entry = { verdict: check(history, round), timeline: timelineOf(history) };
      report = withRound(report, entry, new Date());
      await writeReport(options.directory, report);
      options.onRound(entry);
      await removePolicy(target, policy).catch(() => undefined); // then it goes with all others, in the end
    }
  } finally {
    await removePolicies(target).catch(() =>
      options.onStep('the policy holdfast-drill could not be removed'),
    );
  }
  return report;
}

/**
 * The cluster as the drill finds it, once the rules are gone that a killed drill left in its network.
 *
 * @throws Problem `cluster_not_whole`
 */
async function openingStatus({ target, cluster, onStep, signal }: DrillOptions): Promise<ClusterStatus> {
  // Who may not look there cannot make such faults either, and is told so with each of them.
  const cleared = target.network === null ? 0 : await clearFaults(target.network.hub).catch(() => 0);
  if (cleared > 0) {
    onStep('an earlier drill left faults in the network; they are gone, waiting until the cluster is whole');
    const healed = await becomesWhole(cluster, signal);
    if (healed !== null) return healed;
  }
  const status = await cluster.status();
  if (!isWhole(status)) throw notWhole(status);
  return status;
}

/** The faults that can be made here, and why the others cannot. */
async function sorted(
  faults: readonly Fault[],
  target: Target,
): Promise<{ readonly able: readonly Fault[]; readonly skipped: DrillReport['skipped'] }> {
  const looked = await Promise.all(
    faults.map(async (fault) => ({ fault, because: await hindranceOf(fault, target) })),
  );
  return {
    able: looked.filter(({ because }) => because === null).map(({ fault }) => fault),
    skipped: looked.flatMap(({ fault, because }) =>
      because === null ? [] : [{ fault: fault.name, because }],
    ),
  };
}

/** What clients reach and what is switched over must be one cluster. @throws Problem `usage` */
async function requireSameCluster(target: Target, { cluster, nodes }: ClusterStatus): Promise<void> {
  const strange = (await target.nodes()).find(({ name }) => nodes.every((node) => node.name !== name));
  if (strange === undefined) return;
  throw new Problem(
    'usage',
    `--dir: its node belongs to the cluster ${cluster}, which has no node ${strange.name}. Name the directory of a node of the cluster that is to be drilled.`,
  );
}

async function hindranceOf(fault: Fault, target: Target): Promise<string | null> {
  if (!target.isDemo && fault.anywhere !== true)
    return 'It takes hands on the nodes, which only a demo offers.';
  return (await fault.hindrance?.(target)) ?? null;
}

/** Null when the signal came first. @throws Problem `cluster_not_whole` */
async function becomesWhole(cluster: ClusterClient, signal: AbortSignal): Promise<ClusterStatus | null> {
  const over = new AbortController();
  const late = AbortSignal.timeout(wholeMs);
  const seen: ClusterStatus[] = [];
  const look = (status: ClusterStatus): void => {
    seen.push(status);
    if (isWhole(status)) over.abort();
  };
  await cluster.watchStatus(look, AbortSignal.any([signal, late, over.signal]));
  if (signal.aborted) return null;
  const last = seen.at(-1) ?? null;
  if (last === null || !isWhole(last)) throw notWhole(last);
  return last;
}

function notWhole(status: ClusterStatus | null): Problem {
  const why = status === null ? ['nothing is known of it'] : whyNotWhole(status);
  return new Problem(
    'cluster_not_whole',
    `A drill begins with a cluster that is whole, and this one is not: ${why.join('; ')}. "holdfast status" says more.`,
  );
}

/** Not the order's own source: a round that is run again, or after others were left out, meets the same chances. */
function randomOf(seed: number, { name }: Fault, round: number): Random {
  const digest = createHash('sha256').update(`${seed} ${name} ${round}`).digest();
  return seededRandom(digest.readUInt32BE(0));
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], below: (limit: number) => number): readonly T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(below(left.length), 1));
  return order;
}
