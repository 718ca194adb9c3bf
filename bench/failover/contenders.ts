/** Who races, with what settings. Seconds. */
export type Contender =
  | { readonly name: string; readonly label: string; readonly kind: 'holdfast'; readonly ttl: number }
  | {
      readonly name: string;
      readonly label: string;
      readonly kind: 'patroni';
      readonly ttl: number;
      readonly loopWait: number;
      readonly retryTimeout: number;
    };

export const contenders: readonly Contender[] = [
  // What Patroni does when nobody says anything.
  {
    name: 'patroni-30',
    label: 'Patroni, ttl 30 (its defaults)',
    kind: 'patroni',
    ttl: 30,
    loopWait: 10,
    retryTimeout: 10,
  },
  // The least that its current releases accept of each.
  { name: 'patroni-20', label: 'Patroni, ttl 20', kind: 'patroni', ttl: 20, loopWait: 1, retryTimeout: 3 },
  { name: 'holdfast-5', label: 'Holdfast, ttl 5 (its default)', kind: 'holdfast', ttl: 5 },
  { name: 'holdfast-2', label: 'Holdfast, ttl 2', kind: 'holdfast', ttl: 2 },
];

export type EventName =
  | 'postmaster'
  | 'agent'
  | 'agent-again'
  | 'node-etcd-on'
  | 'node-etcd-off'
  | 'switchover';

/** What happens to the master. */
export interface RaceEvent {
  readonly name: EventName;
  readonly label: string;
  /** Where etcd's leader is put before: on the master's node, elsewhere; null: it stays where it is. */
  readonly etcdLeader: 'on' | 'off' | null;
}

export const events: readonly RaceEvent[] = [
  { name: 'postmaster', label: 'postmaster `kill -9`', etcdLeader: null },
  { name: 'agent', label: 'agent `kill -9`, not started again from outside', etcdLeader: null },
  { name: 'node-etcd-on', label: "whole node `kill -9`, etcd's leader on it", etcdLeader: 'on' },
  { name: 'node-etcd-off', label: "whole node `kill -9`, etcd's leader elsewhere", etcdLeader: 'off' },
  { name: 'switchover', label: 'switchover', etcdLeader: null },
  // After 100 ms, as systemd does by the unit in Debian's package of Patroni. Holdfast's guardian does it by itself.
  { name: 'agent-again', label: 'agent `kill -9`, started again', etcdLeader: null },
];

/**
 * Those that `given` names, with commas between, in their own order; null: all.
 *
 * @throws Error that names the option, the unknown word and what there is
 */
export function chosen<T extends { readonly name: string }>(
  option: string,
  all: readonly T[],
  given: string | null,
): readonly T[] {
  if (given === null) return all;
  const words = given.split(',').map((word) => word.trim());
  const unknown = words.find((word) => all.every(({ name }) => name !== word));
  if (unknown !== undefined) {
    throw new Error(
      `${option}: there is no "${unknown}"; name some of ${all.map(({ name }) => name).join(', ')}.`,
    );
  }
  return all.filter(({ name }) => words.includes(name));
}
