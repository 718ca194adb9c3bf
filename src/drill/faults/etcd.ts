import { type Fault, nodeNamed, type Scene, type Struck } from './fault.ts';
import { areStopped, partOf, signalAll } from './processes.ts';

/**
 * Faults of etcd itself. Its members are stopped, not killed: a guardian starts a dead one again, and a stopped one keeps
 * its connections open and says nothing, which is the harder case.
 */
export const etcdFaults: readonly Fault[] = [
  {
    name: 'etcd-quorum',
    about: 'SIGSTOP of a majority of the etcd members for a minute, then SIGCONT',
    lastsTtls: 3,
    lastsMs: 60_000,
    strike: stopMajority,
  },
];

async function stopMajority({ target, status, random }: Scene): Promise<Struck> {
  const voters = status.etcd.filter(({ learner }) => !learner).map(({ name }) => name);
  const needed = Math.floor(voters.length / 2) + 1;
  const names: string[] = [];
  while (names.length < needed) names.push(random.pick(voters.filter((name) => !names.includes(name))));
  const nodes = await Promise.all(names.map((name) => nodeNamed(target, name)));
  const members = nodes.map((node) => partOf(node, 'etcd')).filter((member) => member !== null);
  signalAll(members, 'SIGSTOP');
  return {
    targets: names.toSorted((a, b) => Number(b === status.master) - Number(a === status.master)),
    takesEffect: async () => needed > 0 && members.length === needed && (await areStopped(members)),
    undo: async () => signalAll(members, 'SIGCONT'),
  };
}
