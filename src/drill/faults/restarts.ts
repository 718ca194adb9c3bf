import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity } from '../../runtime/process-facts.ts';
import { type Fault, nodeNamed, type Scene, type Struck } from './fault.ts';
import { areGone, everythingOf, signalAll } from './processes.ts';

/** The longest time between the ends of two nodes, in ttls: some are back by then, some are not. */
const longestGapTtls = 1.5;

/** Faults that end every node, each at a time of its own. */
export const restarts: readonly Fault[] = [
  {
    name: 'restart-all-nodes',
    about:
      'kill -9 of everything on each node, in any order, with up to 1.5 ttl between two; each starts again',
    lastsTtls: 0,
    strike: async (scene: Scene): Promise<Struck> => {
      const order = shuffled(scene);
      return { targets: order, takesEffect: () => restartEach(scene, order), undo: async () => undefined };
    },
  },
];

function shuffled({ status, random }: Scene): readonly string[] {
  const left = status.nodes.map(({ name }) => name);
  const order: string[] = [];
  while (left.length > 0) order.push(...left.splice(random.below(left.length), 1));
  return order;
}

async function restartEach(
  { target, status, random, signal }: Scene,
  order: readonly string[],
): Promise<boolean> {
  const gone: Promise<boolean>[] = [];
  for (const [at, name] of order.entries()) {
    if (at > 0) {
      const gapMs = random.below(longestGapTtls * status.ttlMs);
      await sleep(gapMs, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) break;
    const victims: readonly ProcessIdentity[] = everythingOf(await nodeNamed(target, name));
    signalAll(victims, 'SIGKILL');
    gone.push(areGone(victims).then((are) => are && victims.length > 0));
  }
  return (await Promise.all(gone)).every(Boolean) && gone.length === order.length;
}
