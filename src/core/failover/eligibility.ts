import { type ClusterConfig, type ClusterState, instanceNames, type SyncRecord } from './cluster-state.ts';

/**
 * Stands in `synchronous_standby_names` while nobody may acknowledge: no standby ever has this name, since node names hold
 * no slash. Standbys always run with it, so that a promotion can never find the names empty.
 */
export const placeholderName = 'holdfast/nobody';

/**
 * Whether `name` surely holds every acknowledged write. The master and its confirmed standbys do; while none is confirmed
 * and the master may not acknowledge alone, the new term has acknowledged nothing, so those of the last term that could do.
 */
export function holdsEveryWrite(name: string, sync: SyncRecord): boolean {
  if (name === sync.master || sync.standbys.includes(name)) return true;
  return sync.standbys.length === 0 && !sync.alone && sync.previous.includes(name);
}

/**
 * Whether an operator took `name` out of the cluster, and nobody needs it any more: while it may be the last to hold every
 * write, it goes on as it was.
 */
export function wasRemoved(name: string, { config, sync }: ClusterState): boolean {
  return !config.value.members.some((m) => m.name === name) && !holdsEveryWrite(name, sync.value);
}

/**
 * Whether the master of a term that has acknowledged nothing yet is the only one that could begin another without an
 * operator: what its clients read then cannot be undone by a successor, so they need not wait for a standby.
 */
export function isLastHolder(sync: SyncRecord): boolean {
  const { master, standbys, previous, alone } = sync;
  return standbys.length === 0 && !alone && previous.length > 0 && previous.every((name) => name === master);
}

/** Those who hold every acknowledged write at the end of `sync`'s term: what a new term keeps as `previous`. */
export function lastAcknowledgers(sync: SyncRecord): readonly string[] {
  if (sync.standbys.length > 0) return [sync.master, ...sync.standbys];
  return sync.alone ? [sync.master] : sync.previous;
}

/** Declared candidates other than `master`, alive or not. */
export function candidatesBeside(master: string, config: ClusterConfig): readonly string[] {
  return config.members.filter((m) => m.kind === 'standby' && m.name !== master).map((m) => m.name);
}

/** The sync record of the term that `winner` claims: nobody confirmed yet, the last acknowledgers kept. */
export function claimedSync(winner: string, term: number, old: SyncRecord, forced: boolean): SyncRecord {
  const alone = old.alone && old.master === winner;
  return {
    term,
    master: winner,
    standbys: [],
    previous: forced ? [winner] : lastAcknowledgers(old),
    alone,
  };
}

/** The names PostgreSQL must wait for while `sync` stands and nothing is being added. */
export function requiredNames(sync: SyncRecord): readonly string[] {
  if (sync.standbys.length > 0) return sync.standbys;
  return sync.alone ? [] : [placeholderName];
}

/**
 * Whether commits wait for what `wanted` says while PostgreSQL requires `names`. Where nobody may acknowledge, others may be
 * required besides the placeholder: it never comes.
 */
export function waitsFor(names: readonly string[], wanted: readonly string[]): boolean {
  const blocked = wanted.length === 1 && wanted[0] === placeholderName;
  return blocked ? names.includes(placeholderName) : sameNames(names, wanted);
}

/** Whether two lists of names hold the same names. */
export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

/** How long a candidate must see the same beat: the longer of what is configured and what the master counts on. */
export function silenceMs(cluster: ClusterState): number {
  return Math.max(cluster.config.value.ttlMs, cluster.beat?.value.ttlMs ?? 0);
}

/**
 * Whether a node says of itself that it could take over: its agent reports, both instances run, and nothing ails it. One
 * that only acknowledges (its agent or an instance hangs) gives its place to one that could.
 */
export function isFit(cluster: ClusterState, name: string): boolean {
  const report = cluster.members.get(name)?.value;
  if (report === undefined || report.marker || report.ailment !== null) return false;
  return instanceNames.every((i) => report.instances[i]?.state === 'running');
}
