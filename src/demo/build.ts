import { existsSync } from 'node:fs';
import { Problem } from '../core/problem.ts';
import { writeBalancerConfig } from './balancer.ts';
import { observe, probeHealth } from './health.ts';
import { initialise, joinNode } from './make-node.ts';
import type { PlannedNode } from './plan.ts';
import { step, type Tell } from './progress.ts';
import type { Site } from './site.ts';
import { lastLines } from './tail.ts';
import { until } from './until.ts';
import { becomeWhole } from './whole.ts';

/** What a started node may take until it is something, in milliseconds. */
const roleLimitMs = 90_000;

export interface Building {
  readonly site: Site;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/**
 * Makes what is not made yet and starts everything, as an operator would: init, node, load balancer; for each further
 * node a token, join, node. What can go side by side does. Resolves when the cluster is whole.
 *
 * @throws Problem with the step that failed, its last words and where to read on
 */
export async function build({ site, tell, signal: wanted }: Building): Promise<void> {
  const failing = new AbortController();
  const signal = AbortSignal.any([wanted, failing.signal]);
  const building = { site, tell, signal };
  const { nodes, balancer } = site.plan;
  const made = nodes.filter(({ name }, at) => at === 0 || site.record.made.includes(name));
  const toJoin = nodes.filter((node) => !made.includes(node));
  const starting = made.map((node) => makeFirstAndStart(building, node));
  const balancing = async (): Promise<void> => {
    if (!existsSync(balancer.config)) {
      await Promise.all(starting); // the cluster is asked for its nodes
      await writeBalancerConfig(site, signal);
    }
    await step(tell, 'haproxy', 'load balancer: HAProxy', () => site.haproxy.start());
  };
  await together([...starting, balancing()], failing);
  await together(
    toJoin.map((node) => joinAndStart(building, node)),
    failing,
  );
  await step(tell, 'whole', 'everybody streams, the load balancer is open', (detail) =>
    becomeWhole(site, signal, detail),
  );
}

function makeFirstAndStart(building: Building, node: PlannedNode): Promise<void> {
  const { site, signal } = building;
  return inStep(building, node, async (detail) => {
    if (!site.record.made.includes(node.name)) await initialise({ site, node, signal, detail });
    await startNode(building, node, detail);
  });
}

function joinAndStart(building: Building, node: PlannedNode): Promise<void> {
  const { site, signal } = building;
  return inStep(building, node, async (detail) => {
    await joinNode({ site, node, signal, detail });
    await startNode(building, node, detail);
  });
}

/** Starts a node and waits until it says that it is something. */
async function startNode(
  { site, signal }: Building,
  node: PlannedNode,
  detail: (text: string) => void,
): Promise<void> {
  const supervised = site.nodes.get(node.name);
  if (supervised === undefined) return;
  detail('starting');
  await supervised.start();
  const probe = probeHealth({ host: node.address, port: node.ports.api }, await site.caPem());
  const late = (): string => `it is neither master nor standby nor follower after ${roleLimitMs / 1000} s.`;
  try {
    await until(roleLimitMs, signal, late, async () => {
      if (!supervised.isAlive) throw new Problem('command_failed', '"holdfast node" ended.');
      return (await observe(probe, 1000)).role !== 'down';
    });
  } finally {
    probe.close();
  }
}

/** A step about one node: a failure is told with the end of the node's log. */
async function inStep(
  { site, tell, signal }: Building,
  node: PlannedNode,
  work: (detail: (text: string) => void) => Promise<void>,
): Promise<void> {
  const what = node === site.plan.nodes[0] ? 'the first node' : node.kind;
  await step(tell, node.name, `${node.name}: ${what}`, async (detail) => {
    try {
      await work((text) => detail(text.replace(/^[·✓!] /u, '')));
    } catch (cause) {
      if (signal.aborted || !(cause instanceof Problem)) throw cause;
      const tail = await lastLines(node.log, 8);
      const log = tail === null ? '' : `\nThe end of ${node.log}:\n${tail}`;
      throw new Problem(cause.code, `${node.name}: ${cause.detail}${log}`, { cause });
    }
  });
}

/** Waits for all to end. The first failure ends the others, and is thrown when they have. */
async function together(works: readonly Promise<void>[], failing: AbortController): Promise<void> {
  const failures: unknown[] = [];
  const watched = works.map((work) =>
    work.catch((error: unknown) => {
      failures.push(error);
      failing.abort();
    }),
  );
  await Promise.all(watched);
  if (failures.length > 0) throw failures[0];
}
