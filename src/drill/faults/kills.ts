import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity } from '../../runtime/process-facts.ts';
import type { TargetNode } from '../target.ts';
import { type Fault, nodeNamed, type Scene, type Struck } from './fault.ts';
import { areGone, backendOf, everythingOf, partOf, postmasterOf, signalAll } from './processes.ts';

/** Faults that kill what runs: whoever started it starts it again. */
export const kills: readonly Fault[] = [
  kill('backend', 'kill -9 of a backend of the master', (node) => backendOf(node)),
  kill('postmaster', 'kill -9 of the postmaster of the master', (node) => postmasterOf(node)),
  kill('audit-postmaster', "kill -9 of the postmaster of the master's audit instance", (node) =>
    postmasterOf(node, 'audit'),
  ),
  kill('agent', 'kill -9 of the agent of the master', (node) => partOf(node, 'agent')),
  kill('guardian', 'kill -9 of the guardian of the master', (node) => partOf(node, 'guardian')),
  kill('api-worker', 'kill -9 of the API worker of the master', (node) => partOf(node, 'worker'), {
    keepsMaster: true,
  }),
  kill('etcd-leader', 'kill -9 of the etcd member that leads', (node) => partOf(node, 'etcd'), {
    whose: etcdLeader,
    keepsMaster: true,
  }),
  dead('node', 'kill -9 of everything on the master, kept dead for three ttl', ({ status }) => [
    status.master,
  ]),
  dead(
    'standby-node',
    'kill -9 of everything on the synchronous standby, kept dead for three ttl',
    (scene) => [synchronousStandby(scene)],
  ),
  dead('etcd-leader-node', 'kill -9 of the node whose etcd leads, kept dead for three ttl', (scene) => [
    etcdLeader(scene),
  ]),
  dead('master-and-standby', 'kill -9 of master and synchronous standby together', (scene) => [
    scene.status.master,
    synchronousStandby(scene),
  ]),
  dead(
    'all-nodes',
    'kill -9 of every node at once, started again in any order',
    ({ status }) => status.nodes.map(({ name }) => name),
    { lastsTtls: 0 },
  ),
];

/** A fault that kills one process, which its node starts again or gives up for. */
function kill(
  name: string,
  about: string,
  find: (node: TargetNode) => ProcessIdentity | null,
  other: { readonly whose?: (scene: Scene) => string | null; readonly keepsMaster?: true } = {},
): Fault {
  const { whose = ({ status }: Scene) => status.master, ...rest } = other;
  const strike = async (scene: Scene): Promise<Struck> => {
    const node = await nodeNamed(scene.target, whose(scene));
    const found = find(node);
    const victims = found === null ? [] : [found];
    signalAll(victims, 'SIGKILL');
    return {
      targets: [node.name],
      takesEffect: async () => victims.length > 0 && (await areGone(victims)),
      undo: async () => undefined,
    };
  };
  return { name, about, lastsTtls: 0, ...rest, strike };
}

/** What else becomes of nodes that are dead. */
export interface Death {
  /** 3 unless told otherwise. */
  readonly lastsTtls?: number;
  /** Done to each node once it is seen dead. */
  readonly ruin?: (node: TargetNode) => Promise<void>;
}

/** A fault that kills whole nodes, and again whenever something starts them, until it is undone. */
export function dead(
  name: string,
  about: string,
  whose: (scene: Scene) => readonly (string | null)[],
  { ruin, ...rest }: Death = {},
): Fault {
  const strike = async (scene: Scene): Promise<Struck> => {
    const names = whose(scene).filter((one) => one !== null);
    const nodes = await Promise.all(names.map((one) => nodeNamed(scene.target, one)));
    const victims = nodes.flatMap(everythingOf);
    signalAll(victims, 'SIGKILL');
    const released = new AbortController();
    const keeping = Promise.all(names.map((one) => keepDead(scene, one, released.signal)));
    return {
      targets: names,
      keepsMaster: !names.includes(scene.status.master ?? ''),
      takesEffect: async () => {
        if (victims.length === 0 || !(await areGone(victims))) return false;
        if (ruin !== undefined) await Promise.all(nodes.map(ruin));
        return true;
      },
      undo: async () => {
        released.abort();
        await keeping;
      },
    };
  };
  return { name, about, lastsTtls: 3, ...rest, strike };
}

const lookMs = 50;

/** Kills the node whenever something has started it, until `released` is aborted. */
export async function keepDead(
  { target }: Pick<Scene, 'target'>,
  name: string,
  released: AbortSignal,
): Promise<void> {
  while (!released.aborted) {
    const node = (await target.nodes().catch(() => [])).find((each) => each.name === name);
    if (node !== undefined) signalAll(everythingOf(node), 'SIGKILL');
    await sleep(lookMs, undefined, { signal: released }).catch(() => undefined);
  }
}

/** The one that confirms; null where none does. */
export function synchronousStandby({ status }: Scene): string | null {
  return status.nodes.find(({ synchronous }) => synchronous)?.name ?? null;
}

function etcdLeader({ status }: Scene): string | null {
  return status.etcd.find(({ leader }) => leader)?.name ?? null;
}
