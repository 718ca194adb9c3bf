import { type Fault, nodeNamed, type Scene, type Struck } from './fault.ts';
import { openTransactions } from './open-transactions.ts';

const timeoutMs = 60_000;

/** What operators do on purpose: the same promises hold. */
export const planned: readonly Fault[] = [
  {
    name: 'switchover',
    about: 'holdfast switchover to the synchronous standby, under load',
    lastsTtls: 0,
    anywhere: true,
    strike: async (scene: Scene): Promise<Struck> => {
      const handedOver = handOver(scene);
      return {
        targets: masterOf(scene),
        takesEffect: () => handedOver,
        undo: async () => {
          await handedOver;
        },
      };
    },
  },
  {
    name: 'switchover-long-transaction',
    about: 'holdfast switchover while transactions are open on the master that nobody ends',
    lastsTtls: 0,
    strike: switchOverLongTransactions,
  },
];

/** They stay open until the hand-over is done: had it waited for them, it would not have been. */
async function switchOverLongTransactions(scene: Scene): Promise<Struck> {
  const long = await openTransactions(await nodeNamed(scene.target, scene.status.master));
  const handedOver = long.areOpen.then((open) => open && handOver(scene));
  return {
    targets: masterOf(scene),
    takesEffect: () => handedOver,
    undo: async () => {
      await handedOver;
      await long.close();
    },
  };
}

/** Whether another node is the master now. */
function handOver({ cluster, status, signal }: Scene): Promise<boolean> {
  return cluster
    .switchover({ to: null, timeoutMs, onStep: () => undefined, signal })
    .then(({ to }) => to !== status.master)
    .catch(() => false);
}

function masterOf({ status }: Scene): readonly string[] {
  return status.master === null ? [] : [status.master];
}
