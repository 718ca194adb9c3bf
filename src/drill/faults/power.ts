import { cutFromEverybody } from '../network/faults.ts';
import type { Fault, Scene, Struck } from './fault.ts';
import { nodeNamed } from './fault.ts';
import { keepDead } from './kills.ts';
import { isFelt, networkHindrance } from './partitions.ts';
import { areGone, everythingOf, signalAll } from './processes.ts';

/** Faults that take a node's power away: it dies without a word, as nothing that is killed does. */
export const powerFaults: readonly Fault[] = [
  {
    name: 'power-off',
    about: 'the master goes dead and silent at once, no connection ends, for three ttl; then it starts again',
    lastsTtls: 3,
    hindrance: networkHindrance,
    strike: powerOff,
  },
];

/** The network goes first: of the dying connections (FIN, RST) nobody may hear. */
async function powerOff(scene: Scene): Promise<Struck> {
  const { target, status } = scene;
  const node = await nodeNamed(target, status.master);
  if (target.network === null) throw new Error('no network');
  const cut = cutFromEverybody(target.network, node.name);
  const victims = everythingOf(node);
  await cut.apply();
  signalAll(victims, 'SIGKILL');
  const released = new AbortController();
  const keeping = keepDead(scene, node.name, released.signal);
  return {
    targets: [node.name],
    takesEffect: async () => victims.length > 0 && (await areGone(victims)) && (await isFelt(cut)),
    undo: async () => {
      await cut.undo();
      released.abort();
      await keeping;
    },
  };
}
