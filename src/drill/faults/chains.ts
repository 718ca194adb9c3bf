import type { ProcessIdentity } from '../../runtime/process-facts.ts';
import type { TargetNode } from '../target.ts';
import { type Fault, nodeNamed, type Scene, type Struck } from './fault.ts';
import { areGone, everythingOf, postmasterOf, signalAll } from './processes.ts';

const followers = 3;
/** How long a new master may take to show itself, in ttls. */
const patienceTtls = 12;

/** Faults that kill the master, and the next one as soon as it says that it is master, three times in a row. */
export const chains: readonly Fault[] = [
  chain('new-master-three-times', 'kill -9 of everything on the master', everythingOf),
  chain('new-postmaster-three-times', "kill -9 of the master's postmaster", (node) => {
    const postmaster = postmasterOf(node);
    return postmaster === null ? [] : [postmaster];
  }),
];

function chain(name: string, about: string, find: (node: TargetNode) => readonly ProcessIdentity[]): Fault {
  const strike = async (scene: Scene): Promise<Struck> => {
    const targets: string[] = [];
    return {
      targets,
      takesEffect: () => killOneAfterTheOther(scene, find, targets),
      undo: async () => undefined, // whoever started them starts them again
    };
  };
  return {
    name,
    about: `${about}, then of each new master right after it shows itself, three times in a row`,
    lastsTtls: 0,
    strike,
  };
}

/**
 * Where no new master shows itself, the rest of the chain is left out: the fault is in effect all the same, and it is for the
 * rest of the round to say whether the cluster heals.
 */
async function killOneAfterTheOther(
  scene: Scene,
  find: (node: TargetNode) => readonly ProcessIdentity[],
  targets: string[],
): Promise<boolean> {
  let master: Master | null = { name: scene.status.master ?? '', term: scene.status.term };
  for (let kill = 0; kill <= followers && master !== null; kill += 1) {
    const victims = find(await nodeNamed(scene.target, master.name));
    signalAll(victims, 'SIGKILL');
    targets.push(master.name);
    if (victims.length === 0 || !(await areGone(victims))) return false;
    if (kill < followers) master = await nextMaster(scene, master.term);
  }
  return !scene.signal.aborted;
}

interface Master {
  readonly name: string;
  readonly term: number;
}

/** The first that says that it is master of a later term; null: nobody does for long, or the drill is interrupted. */
async function nextMaster({ log, status, signal }: Scene, after: number): Promise<Master | null> {
  const patience = AbortSignal.timeout(patienceTtls * status.ttlMs);
  let found: Master | null = null;
  const look = (): boolean => {
    const { node, says } = log.sightings.at(-1) ?? { node: '', says: null };
    if (says?.role === 'master' && says.term !== null && says.term > after) {
      found = { name: node, term: says.term };
    }
    return found !== null;
  };
  await log.until(look, AbortSignal.any([signal, patience]));
  return found;
}
