import { setTimeout as wait } from 'node:timers/promises';
import { Problem } from '../core/problem.ts';
import { isAlive } from '../runtime/process-facts.ts';
import { forgetRunning, readRunning } from './directory.ts';
import { clearClocks } from './fake-clocks.ts';
import { removeNetwork } from './network.ts';
import type { DemoPlan } from './plan.ts';
import {
  groupMembers,
  instanceDirs,
  type KnownProcess,
  postgresOn,
  send,
  signalGroup,
  signalProcess,
} from './processes.ts';
import { unmountDisks } from './small-disks.ts';

/** How long nodes may take to end in order, PostgreSQL to follow its node, and all of that together. Milliseconds. */
const orderlyMs = 20_000;
const followMs = 5_000;
const supervisorMs = orderlyMs + 2 * followMs + 5_000;

/**
 * Ends processes and everything in their groups: nodes are asked first (each guardian stops its node in order), HAProxy
 * goes last; whoever is left then is killed.
 *
 * @param dataDirs PostgreSQL's directories: its sessions are not in the groups
 */
export async function endProcesses(
  processes: readonly KnownProcess[],
  dataDirs: readonly string[],
): Promise<void> {
  const isBalancer = ({ name }: KnownProcess): boolean => name === 'haproxy';
  await endGroups(processes.filter((each) => !isBalancer(each)));
  const others = async (): Promise<boolean> => (await postgresOn(dataDirs)).length === 0;
  if (!(await within(followMs, others))) {
    for (const pid of await postgresOn(dataDirs)) send(pid, 'SIGKILL');
  }
  await endGroups(processes.filter(isBalancer));
}

async function endGroups(processes: readonly KnownProcess[]): Promise<void> {
  const gone = async (): Promise<boolean> => processes.every((one) => groupMembers(one).length === 0);
  for (const known of processes) signalProcess(known, 'SIGTERM');
  if (await within(orderlyMs, gone)) return;
  for (const known of processes) signalGroup(known, 'SIGKILL');
  await within(followMs, gone);
}

/**
 * Stops the demo in this plan's directory: its supervisor is asked, and does it; without one (it was killed) what it had
 * started is ended here.
 *
 * @returns whether anything ran
 */
export async function stopDemo(plan: DemoPlan): Promise<boolean> {
  const running = await readRunning(plan.dir);
  if (running === null) return false;
  const { supervisor } = running;
  if (isAlive(supervisor)) {
    signalProcess(supervisor, 'SIGTERM');
    const gone = await within(supervisorMs, async () => !isAlive(supervisor));
    if (!gone) signalProcess(supervisor, 'SIGKILL');
  }
  await sweep(plan);
  return true;
}

/** Ends what a supervisor that is gone left behind. Nothing is left after it, or it throws. */
export async function sweep(plan: DemoPlan): Promise<void> {
  const running = await readRunning(plan.dir);
  if (running === null) return;
  const dataDirs = plan.nodes.flatMap(({ dataDir }) => instanceDirs(dataDir));
  await endProcesses(running.processes, dataDirs);
  const left = running.processes.flatMap(groupMembers);
  if (left.length > 0) {
    throw new Problem(
      'command_failed',
      `Processes could not be ended: ${left.join(', ')}. End them by hand.`,
    );
  }
  await clearOutfit(plan);
  await forgetRunning(plan.dir);
}

/** Takes away what nodes were given that outlives processes: networks, disks, what belongs to clocks. */
export async function clearOutfit(plan: DemoPlan): Promise<void> {
  if (plan.network !== null) await removeNetwork(plan.network);
  await unmountDisks(plan);
  await clearClocks(plan);
}

async function within(limitMs: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) return false;
    await wait(50);
  }
  return true;
}
