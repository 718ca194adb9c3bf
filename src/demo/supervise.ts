import { once } from 'node:events';
import { Problem } from '../core/problem.ts';
import type { DemoArguments } from './arguments.ts';
import { build } from './build.ts';
import { forgetRunning, prepareDirectory, readRecord, readRunning, writeRecord } from './directory.ts';
import { farewell, writeHelpers } from './farewell.ts';
import { layClocks, requireFakeClocks } from './fake-clocks.ts';
import { findSubnet, layNetwork, requireFreeSubnet, requireNamespaces } from './network.ts';
import { type DemoShape, planDemo, portsOf, shapeOf } from './plan.ts';
import { requireFreePorts } from './ports.ts';
import { isAlive } from '../runtime/process-facts.ts';
import { instanceDirs } from './processes.ts';
import type { Tell } from './progress.ts';
import { Site } from './site.ts';
import { mountDisks, requireSmallDisks } from './small-disks.ts';
import { clearOutfit, endProcesses, sweep } from './stop.ts';

export interface Supervision {
  readonly given: DemoArguments;
  readonly tell: Tell;
  /** Told once, with what to show the user. */
  readonly onReady: (text: string) => void;
  /** Aborted: everything is stopped. */
  readonly signal: AbortSignal;
}

/**
 * Runs a demo until `signal` is aborted: makes and starts it, keeps its nodes alive and its files true, and stops what it
 * started, whatever happens.
 *
 * @returns whether it ever became ready
 * @throws Problem when it could not be brought up; everything is stopped by then
 */
export async function supervise({ given, tell, onReady, signal }: Supervision): Promise<boolean> {
  const site = await occupy(given, tell);
  const watching = new AbortController();
  let watch: Promise<void> | null = null;
  let isReady = false;
  try {
    if (site.plan.network !== null) await layNetwork(site.plan.network, site.plan.nodes);
    await mountDisks(site.plan);
    if (site.plan.shape.fakeClocks) await layClocks(site.plan);
    await build({ site, tell, signal });
    await writeHelpers(site.plan, site.record.apiKey ?? '');
    watch = site.watch(watching.signal);
    await site.observed(signal);
    await site.publish();
    isReady = true;
    onReady(farewell(site.plan, site.masterGroup()));
    site.announce((text) =>
      tell({ kind: 'note', text: `${new Date().toLocaleTimeString('en-GB')}  ${text}` }),
    );
    if (!signal.aborted) await once(signal, 'abort');
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    tell({ kind: 'note', text: 'Stopping …' });
    watching.abort();
    await watch;
    await vacate(site);
  }
  return isReady;
}

/** Makes sure that the directory and the ports are free for this demo, and that nothing of an earlier run is left. */
async function occupy(given: DemoArguments, tell: Tell): Promise<Site> {
  const { dir } = given;
  const running = await readRunning(dir);
  if (running !== null && isAlive(running.supervisor)) {
    throw new Problem(
      'port_taken',
      `--dir: a demo runs in ${dir} already (process ${running.supervisor.pid}). Stop it with: npm run demo -- --stop --dir ${dir}`,
    );
  }
  const before = await readRecord(dir);
  if (given.namespaces || (before !== null && before.shape.subnet !== null)) await requireNamespaces();
  const hadDisks = before !== null && before.shape.diskMegabytes !== null;
  if (hadDisks || given.diskMegabytes !== null) requireSmallDisks();
  if (given.fakeClocks || before?.shape.fakeClocks === true) await requireFakeClocks();
  if (running !== null && before !== null) {
    tell({ kind: 'note', text: 'Ending what an earlier demo left behind …' });
    await sweep(planDemo(dir, before.shape));
  }
  const plan = planDemo(dir, await settleShape(given, given.fresh ? null : (before?.shape ?? null)));
  await requireFreePorts(portsOf(plan));
  // What was on disks of their own went with them.
  const kept = await prepareDirectory(dir, given.fresh || hadDisks);
  const record = kept ?? { product: 'holdfast-demo', version: 1, shape: plan.shape, made: [], apiKey: null };
  await writeRecord(dir, record);
  await forgetRunning(dir);
  const site = new Site(plan, record, given);
  await site.claim();
  return site;
}

/** The shape of this demo; where its nodes get namespaces, with a subnet that is free. */
async function settleShape(given: DemoArguments, made: DemoShape | null): Promise<DemoShape> {
  const isNew = made === null && given.namespaces;
  const shape = shapeOf(given, made, isNew ? await findSubnet(given.dir) : null);
  if (!isNew && shape.subnet !== null) await requireFreeSubnet(shape.subnet);
  return shape;
}

/** Ends everything that was started. */
async function vacate(site: Site): Promise<void> {
  for (const supervised of [...site.nodes.values(), site.haproxy]) supervised.release();
  await site.silence();
  const dataDirs = site.plan.nodes.flatMap(({ dataDir }) => instanceDirs(dataDir));
  await endProcesses(site.knownProcesses(), dataDirs);
  await clearOutfit(site.plan);
  await forgetRunning(site.plan.dir);
}
