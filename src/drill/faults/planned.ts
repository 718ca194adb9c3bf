import { type Fault, type Scene, type Struck } from './fault.ts';

const timeoutMs = 60_000;

/** What operators do on purpose: the same promises hold. */
export const planned: readonly Fault[] = [
  {
    name: 'switchover',
    about: 'holdfast switchover to the synchronous standby, under load',
    lastsTtls: 0,
    strike: async ({ cluster, status, signal }: Scene): Promise<Struck> => {
      const handedOver = cluster
        .switchover({ to: null, timeoutMs, onStep: () => undefined, signal })
        .then(({ to }) => to !== status.master)
        .catch(() => false);
      return {
        targets: status.master === null ? [] : [status.master],
        takesEffect: () => handedOver,
        undo: async () => {
          await handedOver;
        },
      };
    },
  },
];
