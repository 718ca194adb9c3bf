import type { ProcessIdentity } from '../../runtime/process-facts.ts';
import type { TargetNode } from '../target.ts';
import { type Fault, nodeNamed, type Scene, type Struck } from './fault.ts';
import { areStopped, everythingOf, partOf, postmasterOf, signalAll } from './processes.ts';

/** Faults that stop processes of the master for three ttl, and let them go on: what thinks that no time has passed. */
export const pauses: readonly Fault[] = [
  pause('stop-agent', 'SIGSTOP of the agent', (node) => [partOf(node, 'agent')]),
  pause('stop-guardian', 'SIGSTOP of the guardian', (node) => [partOf(node, 'guardian')]),
  pause('stop-worker', 'SIGSTOP of the API worker', (node) => [partOf(node, 'worker')], {
    keepsMaster: true,
  }),
  pause('stop-postmaster', 'SIGSTOP of the postmaster', (node) => [postmasterOf(node)]),
  pause('stop-all', 'SIGSTOP of everything', (node) => everythingOf(node)),
];

function pause(
  name: string,
  about: string,
  find: (node: TargetNode) => readonly (ProcessIdentity | null)[],
  other: Pick<Fault, 'keepsMaster'> = {},
): Fault {
  const strike = async ({ target, status }: Scene): Promise<Struck> => {
    const node = await nodeNamed(target, status.master);
    const victims = find(node).filter((one) => one !== null);
    signalAll(victims, 'SIGSTOP');
    return {
      targets: [node.name],
      takesEffect: async () => victims.length > 0 && (await areStopped(victims)),
      undo: async () => signalAll(victims, 'SIGCONT'),
    };
  };
  return {
    name,
    about: `${about} of the master for three ttl, then SIGCONT`,
    lastsTtls: 3,
    ...other,
    strike,
  };
}
