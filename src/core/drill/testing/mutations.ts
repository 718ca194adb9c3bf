import type { Random } from '../../random.ts';
import type { History, Operation, Sighting } from '../history.ts';
import type { Violation } from '../verdict.ts';
import type { LegalHistory } from './legal-history.ts';

/** A legal history with one thing made wrong; the checker must say this of it. */
interface Broken {
  readonly history: History;
  readonly kind: Violation['kind'];
  readonly key: string;
}

/** Breaks one promise in a history; null where it offers no place for that. */
export interface Mutation {
  readonly what: string;
  readonly make: (history: LegalHistory, random: Random) => Broken | null;
}

export const mutations: readonly Mutation[] = [
  { what: 'an acknowledged write that is gone', make: dropped },
  { what: 'an acknowledged write that is overwritten by an older one', make: overwritten },
  { what: 'kept versions that have changed places', make: swapped },
  { what: 'a version that is kept twice', make: doubled },
  { what: 'a value in the end that nobody wrote', make: invented },
  { what: 'a read of a write that certainly failed', make: refusedButRead },
  { what: 'a read on a master of what was overwritten', make: staleRead },
  { what: 'a follower that goes back within its life', make: followerBack },
  { what: 'a second writer during a mastership', make: secondWriter },
  { what: 'a master that acknowledges when a higher term has one', make: lateWriter },
];

const writesOf = (history: History): readonly Operation[] =>
  history.operations.filter(({ action, outcome }) => action === 'write' && outcome === 'ok');

/** One of `items`, or null where there are none. */
function any<T>(random: Random, items: readonly T[]): T | null {
  return items.length === 0 ? null : random.pick(items);
}

/** With another order of what was written to `key`. */
function rewritten(history: LegalHistory, key: string, versions: readonly number[]): History {
  return {
    ...history,
    final: new Map([...history.final, [key, versions.at(-1) ?? null]]),
    kept: new Map([...history.kept, [key, versions.slice(-20)]]),
  };
}

/** With another version in the place of what an operation found. */
function found(history: History, read: Operation, version: number | null): History {
  const operations = history.operations.map((other) => (other === read ? { ...other, version } : other));
  return { ...history, operations };
}

function dropped(history: LegalHistory, random: Random): Broken | null {
  const write = any(
    random,
    writesOf(history).filter(({ key, version }) =>
      history.written
        .get(key)
        ?.slice(-19)
        .includes(version ?? 0),
    ),
  );
  if (write === null) return null;
  const { key } = write;
  const left = (history.written.get(key) ?? []).filter((version) => version !== write.version);
  return { history: rewritten(history, key, left), kind: 'lost write', key };
}

function overwritten(history: LegalHistory, random: Random): Broken | null {
  const key = random.pick([...history.written.keys()]);
  const acknowledged = writesOf(history).filter((write) => write.key === key);
  const older = acknowledged.slice(0, -1);
  const { version } = random.pick(older);
  return {
    history: { ...history, final: new Map([...history.final, [key, version]]) },
    kind: 'lost write',
    key,
  };
}

function swapped(history: LegalHistory, random: Random): Broken | null {
  const key = random.pick([...history.written.keys()]);
  const versions = [...(history.written.get(key) ?? [])];
  const acknowledged = new Set(
    writesOf(history).flatMap((write) => (write.key === key ? [write.version] : [])),
  );
  const places = versions.flatMap((version, at) =>
    at >= versions.length - 19 && acknowledged.has(version) && acknowledged.has(versions[at - 1] ?? 0)
      ? [at]
      : [],
  );
  const at = any(random, places);
  if (at === null) return null;
  [versions[at - 1], versions[at]] = [versions[at] ?? 0, versions[at - 1] ?? 0];
  return { history: rewritten(history, key, versions), kind: 'versions out of order', key };
}

function doubled(history: LegalHistory, random: Random): Broken | null {
  const key = random.pick([...history.written.keys()]);
  const versions = history.written.get(key) ?? [];
  const again = random.pick(versions.slice(-10));
  return { history: rewritten(history, key, [...versions, again]), kind: 'duplicate value', key };
}

function invented(history: LegalHistory, random: Random): Broken | null {
  const key = random.pick([...history.written.keys()]);
  return {
    history: rewritten(history, key, [...(history.written.get(key) ?? []), -1]),
    kind: 'unexpected value',
    key,
  };
}

function refusedButRead(history: LegalHistory, random: Random): Broken | null {
  const write = any(
    random,
    history.operations.filter(({ action, outcome }) => action === 'write' && outcome === 'failed'),
  );
  const read = any(
    random,
    history.operations.filter(
      ({ action, outcome, key }) => action === 'read' && outcome === 'ok' && key === write?.key,
    ),
  );
  if (write === null || read === null) return null;
  return { history: found(history, read, write.version), kind: 'unexpected value', key: write.key };
}

function staleRead(history: LegalHistory, random: Random): Broken | null {
  const read = any(
    random,
    history.operations.filter(
      ({ action, outcome, way }) =>
        action === 'read' &&
        outcome === 'ok' &&
        (way.kind === 'balancer' || (way.kind === 'node' && way.node !== 'f')),
    ),
  );
  if (read === null) return null;
  const before = writesOf(history).filter(({ key, endedAt }) => key === read.key && endedAt < read.startedAt);
  const older = before.slice(0, -1);
  const version = any(random, [null, ...older.map((write) => write.version)]);
  if (before.length === 0) return null;
  return { history: found(history, read, version), kind: 'stale read on a master', key: read.key };
}

function followerBack(history: LegalHistory, random: Random): Broken | null {
  const reads = history.operations.filter(
    ({ action, outcome, way }) =>
      action === 'read' && outcome === 'ok' && way.kind === 'node' && way.node === 'f',
  );
  const pairs = reads.flatMap((first) =>
    reads.flatMap((second) => (isOneLife(history, first, second) ? [{ first, second }] : [])),
  );
  const pair = any(random, pairs);
  if (pair === null) return null;
  const { first, second } = pair;
  const begun = history.operations.find(
    ({ action, key, version }) => action === 'write' && key === first.key && version === first.version,
  );
  const older = writesOf(history).filter(
    ({ key, endedAt }) => key === first.key && endedAt < (begun?.startedAt ?? 0),
  );
  const write = any(random, older);
  if (write === null) return null;
  return { history: found(history, second, write.version), kind: 'read that goes back', key: first.key };
}

/** Whether the follower surely went on from one read of a key to a later one: every look and every request says so. */
function isOneLife(history: History, first: Operation, second: Operation): boolean {
  if (first.key !== second.key || first.endedAt >= second.startedAt) return false;
  const from = first.startedAt - 10;
  const to = second.endedAt + 10;
  const looks = history.sightings.filter(
    ({ node, askedAt }) => node === 'f' && askedAt >= from && askedAt <= to,
  );
  const failed = history.operations.some(
    ({ action, way, outcome, startedAt, endedAt }) =>
      action === 'read' &&
      way.kind === 'node' &&
      way.node === 'f' &&
      outcome !== 'ok' &&
      endedAt >= from &&
      startedAt <= to,
  );
  return !failed && looks.length > 1 && looks.every(({ says }) => says?.role === 'follower');
}

/** A write straight to the node that was master of `term` from before it to after it. */
interface OwnWrite {
  readonly write: Operation;
  readonly node: string;
  readonly term: number;
}

function ownWrites(history: History): readonly OwnWrite[] {
  return writesOf(history).flatMap((write) => {
    const node = write.way.kind === 'node' ? write.way.node : null;
    const looks = history.sightings.filter((sighting) => sighting.node === node && sighting.says !== null);
    const before = looks.findLast(({ answeredAt }) => answeredAt < write.startedAt)?.says;
    const after = looks.find(({ askedAt }) => askedAt > write.endedAt)?.says;
    const isOwn = before?.role === 'master' && after?.role === 'master' && before.term === after.term;
    return node !== null && isOwn && before.term !== null ? [{ write, node, term: before.term }] : [];
  });
}

/** Another node acknowledges between two writes of a master, whatever term it says it has. */
function secondWriter(history: LegalHistory, random: Random): Broken | null {
  const own = ownWrites(history);
  const pairs = own.flatMap((first) =>
    own.flatMap((second) =>
      first.node === second.node &&
      first.term === second.term &&
      second.write.startedAt - first.write.endedAt > 4
        ? [{ first, second }]
        : [],
    ),
  );
  const pair = any(random, pairs);
  if (pair === null) return null;
  const { first, second } = pair;
  const other = random.pick(['a', 'b', 'c'].filter((node) => node !== first.node));
  const from = first.write.endedAt;
  const to = second.write.startedAt;
  const term = first.term - 1 + random.below(3);
  const write: Operation = {
    ...first.write,
    client: 99,
    way: { kind: 'node', node: other },
    key: 'split',
    version: 1,
    startedAt: from + 1,
    endedAt: to - 1,
  };
  const looks = [from + 0.5, to - 0.5].map((at): Sighting => mastersLook(other, term, at));
  const others = history.sightings.filter(
    ({ node, askedAt }) => node !== other || askedAt < from || askedAt > to,
  );
  return {
    history: {
      ...history,
      operations: [...history.operations, write],
      sightings: [...others, ...looks],
      final: new Map([...history.final, ['split', 1]]),
      kept: new Map([...history.kept, ['split', [1]]]),
    },
    kind: 'two writers',
    key: 'split',
  };
}

function mastersLook(node: string, term: number, at: number): Sighting {
  return { node, askedAt: at - 0.1, answeredAt: at + 0.1, says: { role: 'master', ok: true, term } };
}

function lateWriter(history: LegalHistory, random: Random): Broken | null {
  const own = any(random, ownWrites(history));
  if (own === null) return null;
  const other = random.pick(['a', 'b', 'c'].filter((node) => node !== own.node));
  const look = mastersLook(other, own.term + 1, own.write.startedAt - 1);
  return {
    history: { ...history, sightings: [...history.sightings, look] },
    kind: 'two writers',
    key: own.write.key,
  };
}
