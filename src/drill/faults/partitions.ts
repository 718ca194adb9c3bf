import { setTimeout as sleep } from 'node:timers/promises';
import { clearFaults } from '../network/clear-faults.ts';
import {
  cutFrom,
  cutFromEtcd,
  cutFromEverybody,
  cutFromStandbys,
  cutOneWay,
  delayed,
  lossy,
} from '../network/faults.ts';
import type { NetworkFault } from '../network/network-fault.ts';
import { type DrillNetwork, everybodyBut } from '../network/place.ts';
import type { Target } from '../target.ts';
import type { Fault, Scene, Struck } from './fault.ts';

/** Whom a fault of the network concerns. */
export interface Cast {
  readonly network: DrillNetwork;
  readonly master: string;
  /** The synchronous one first. */
  readonly standbys: readonly string[];
}

/** Faults of the network, for three ttl. They need a demo whose nodes have networks of their own. */
export const partitions: readonly Fault[] = [
  fault('cut-off', 'the master is cut off from everybody', ({ network, master }) =>
    cutFromEverybody(network, master),
  ),
  fault('cut-from-etcd', 'the master is cut off from etcd alone', ({ network, master }) =>
    cutFromEtcd(network, master),
  ),
  fault(
    'cut-from-standbys',
    'no standby receives from the master',
    ({ network, master, standbys }) => cutFromStandbys({ network, node: master, peers: standbys }),
    ({ master, standbys }) => [master, ...standbys],
  ),
  fault(
    'cut-from-standby',
    'the synchronous standby does not receive',
    ({ network, master, standbys }) =>
      cutFromStandbys({ network, node: master, peers: standbys.slice(0, 1) }),
    ({ master, standbys }) => [master, ...standbys.slice(0, 1)],
    { keepsMaster: true },
  ),
  fault('deaf', 'the master is heard, and hears nobody', ({ network, master }) =>
    cutOneWay({ network, node: master, peers: everybodyBut(network, master) }, 'in'),
  ),
  fault('mute', 'the master hears all, and is not heard', ({ network, master }) =>
    cutOneWay({ network, node: master, peers: everybodyBut(network, master) }, 'out'),
  ),
  fault(
    'standbys-apart',
    'the standbys are cut off from each other',
    ({ network, standbys }) => cutFrom({ network, node: standbys[0] ?? '', peers: standbys.slice(1) }),
    ({ standbys }) => standbys,
    { keepsMaster: true },
  ),
  fault('delay', 'what the master sends arrives 500 ms late', ({ network, master }) =>
    delayed(network, master, 500),
  ),
  fault('loss', '30 % of the packets of the master are lost', ({ network, master }) =>
    lossy(network, master, 30),
  ),
];

const effectMs = 5000;
const lookMs = 100;

function fault(
  name: string,
  about: string,
  make: (cast: Cast) => NetworkFault,
  whom: (cast: Cast) => readonly string[] = ({ master }) => [master],
  other: Pick<Fault, 'keepsMaster'> = {},
): Fault {
  return {
    name,
    about: `${about}, for three ttl`,
    lastsTtls: 3,
    ...other,
    hindrance: networkHindrance,
    strike: async (scene) => {
      const cast = castOf(scene);
      return struckBy(cast.network, make(cast), whom(cast));
    },
  };
}

/** Why nobody's network can be cut here; null: it can. */
export async function networkHindrance({ network }: Target): Promise<string | null> {
  if (network === null) {
    return 'The nodes of this demo share one network; start it with: npm run demo -- --namespaces';
  }
  const [first, second] = network.nodes;
  if (first === undefined || second === undefined) return 'There is nobody to cut off.';
  return lossy(network, first.name, 1).obstacle();
}

export function castOf({ target, status }: Scene): Cast {
  const { network } = target;
  if (network === null || status.master === null) throw new Error('no network, or no master');
  const standbys = status.nodes
    .filter(({ role }) => role === 'standby')
    .sort((a, b) => Number(b.synchronous) - Number(a.synchronous))
    .map(({ name }) => name);
  return { network, master: status.master, standbys };
}

async function struckBy(
  { hub }: DrillNetwork,
  made: NetworkFault,
  targets: readonly string[],
): Promise<Struck> {
  await made.apply();
  return {
    targets,
    takesEffect: () => isFelt(made),
    undo: async () => {
      await made.undo();
      await clearFaults(hub);
    },
  };
}

/** Resolves true once packets have met the fault, each way. */
export async function isFelt(made: NetworkFault): Promise<boolean> {
  const giveUpAt = performance.now() + effectMs;
  while (!(await made.isInEffect())) {
    if (performance.now() > giveUpAt) return false;
    await sleep(lookMs);
  }
  return true;
}
