import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterStatus } from '../../agent/operations.ts';
import type { AcceptedLoss } from '../../core/drill/history.ts';
import { parseLsn } from '../../core/lsn.ts';
import { isProblem } from '../../core/problem.ts';
import { cutFromStandbys } from '../network/faults.ts';
import type { TargetNode } from '../target.ts';
import { type Fault, nodeNamed, type Scene, type Struck } from './fault.ts';
import { sampleLog } from './log-samples.ts';
import { castOf, networkHindrance } from './partitions.ts';
import { areGone, everythingOf, partOf, signalAll } from './processes.ts';

/** What the standby that is left has missed, in time. */
const behindMs = 1500;
const limitMs = 30_000;
const lookMs = 200;

/**
 * All that hold every acknowledged write are gone, and the standby that is left is behind: it must refuse, and say whom it
 * waits for. Then an operator accepts the loss that the cluster names, and exactly that may be lost.
 *
 * The processes that could come back are stopped and not killed, so that etcd keeps its majority, and PostgreSQL's are killed.
 */
export const acceptsLoss: Fault = {
  name: 'accepted-loss',
  about:
    'master and synchronous standby gone, the other standby behind: it refuses, and an operator accepts the loss',
  lastsTtls: 0,
  hindrance: async (target) => {
    const hindrance = await networkHindrance(target);
    if (hindrance !== null) return hindrance;
    const { nodes } = target.network ?? { nodes: [] };
    const candidates = nodes.filter(({ etcdPorts }) => etcdPorts.length > 0);
    return candidates.length >= 3 ? null : 'It needs a master and two standbys.';
  },
  strike: async (scene) => {
    const { network, master, standbys } = castOf(scene);
    const [synchronous, left] = standbys;
    if (synchronous === undefined || left === undefined) throw new Error('two standbys are needed');
    const gone = await Promise.all([master, synchronous].map((name) => nodeNamed(scene.target, name)));
    const samples = await sampleLog(await nodeNamed(scene.target, master), scene.clients.clock);
    const cut = cutFromStandbys({ network, node: master, peers: [left] });
    const frozen = gone.flatMap((node) =>
      (['guardian', 'agent', 'worker'] as const).flatMap((part) => partOf(node, part) ?? []),
    );
    let loss: AcceptedLoss | null = null;
    const happen = async (): Promise<boolean> => {
      await cut.apply();
      await sleep(behindMs, undefined, { signal: scene.signal });
      signalAll(frozen, 'SIGSTOP');
      const databases = gone.flatMap((node) => databasesOf(node));
      signalAll(databases, 'SIGKILL');
      if (!(await areGone(databases))) return false;
      await cut.undo();
      await refusal(scene, left, [master, synchronous]);
      const ordered = await order(scene, left);
      const kept = parseLsn(ordered.keptUpTo);
      if (kept === null) return false;
      const { notYetAt, beyondAt } = samples.around(kept);
      loss = { keptBefore: notYetAt, lostAfter: beyondAt, orderedAt: ordered.at };
      await seen(scene, ({ master: now }) => now === left);
      return true;
    };
    const happened = happen().catch(() => false);
    return {
      targets: [master, synchronous],
      takesEffect: () => happened,
      acceptedLoss: () => loss,
      undo: async () => {
        samples.end();
        await happened;
        signalAll(frozen, 'SIGCONT');
        await cut.undo();
      },
    } satisfies Struck;
  },
};

/** PostgreSQL's processes of a node: all of it but what is stopped, and etcd, whose majority is needed. */
function databasesOf(node: TargetNode): ReturnType<typeof everythingOf> {
  const spared = (['guardian', 'agent', 'worker', 'etcd'] as const).map((part) => partOf(node, part)?.pid);
  return everythingOf(node).filter(({ pid }) => !spared.includes(pid));
}

/** Waits until `name` says that it does not promote itself, and whom it waits for. */
async function refusal(scene: Scene, name: string, missed: readonly string[]): Promise<void> {
  await seen(scene, ({ nodes }) => {
    const because = nodes.find((node) => node.name === name)?.because ?? '';
    return because.startsWith('not promoting') && missed.every((one) => because.includes(one));
  });
}

/** Accepts the loss as soon as the cluster lets an operator do so: those who are gone must have been silent for long enough. */
async function order(
  { cluster, clients: { clock }, signal }: Scene,
  candidate: string,
): Promise<{ readonly keptUpTo: string; readonly at: number }> {
  const giveUpAt = clock() + limitMs;
  for (;;) {
    const at = clock();
    try {
      const { keptUpTo } = await cluster.forceFailover({ candidate, acceptLoss: true });
      return { keptUpTo: keptUpTo.data, at };
    } catch (error) {
      if (!isProblem(error, 'operation_refused') || clock() > giveUpAt) throw error;
    }
    await sleep(lookMs, undefined, { signal });
  }
}

/** @throws Error when it is not seen in time */
async function seen({ cluster, signal }: Scene, test: (status: ClusterStatus) => boolean): Promise<void> {
  const over = new AbortController();
  const late = AbortSignal.timeout(limitMs);
  await cluster.watchStatus(
    (status) => {
      if (test(status)) over.abort();
    },
    AbortSignal.any([signal, late, over.signal]),
  );
  if (!over.signal.aborted) throw new Error('not seen in time');
}
