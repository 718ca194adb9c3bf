import type { Compare, Write } from '../coordination/cluster-store.ts';
import type { Action } from './action.ts';
import type { BeatRecord, LeaderRecord, PromotionRecord, ReleasedRecord } from './cluster-state.ts';
import { encodeRecord } from './codec.ts';
import type { ClusterKeys } from './keys.ts';

/** One transaction: all of `writes` if all of `compare` hold. */
export interface Transaction {
  readonly compare: readonly Compare[];
  readonly writes: readonly Write[];
}

/** What the actor adds to an action of its own: who it is, and its lease where the record is leased. */
export interface Actor {
  readonly keys: ClusterKeys;
  readonly name: string;
  readonly bootId: string;
  readonly hostId: string;
  readonly ttlMs: number;
  readonly lineage: LeaderRecord['lineage'];
  /** The lease for `leader` or `promotion`. */
  readonly lease: string | undefined;
}

/** Revisions that earlier actions of the same turn made; null: none did. */
export interface Made {
  readonly lock: number | null;
  readonly claim: number | null;
}

/** No key ever has this revision: a comparison with it fails. */
const neverRevision = -1;

type Of<K extends Action['kind']> = Extract<Action, { kind: K }>;
const at = (key: string, target: 'create' | 'mod', equals: number): Compare => ({ key, target, equals });
const put = (key: string, record: object, lease?: string): Write => ({
  kind: 'put',
  key,
  value: encodeRecord(record),
  ...(lease === undefined ? {} : { lease }),
});
const erase = (key: string): Write => ({ kind: 'delete', key });

/** Renews authority: fails once the leader key is another or gone. */
export function beatTransaction(action: Of<'beat'>, by: Actor): Transaction {
  const record: BeatRecord = { counter: action.counter, term: action.term, ttlMs: by.ttlMs };
  return {
    compare: [at(by.keys.leader, 'create', action.leaderRevision)],
    writes: [put(by.keys.beat, record)],
  };
}

/** The end of a term, seen for certain. */
export function releaseTransaction(action: Of<'release'>, by: Pick<Actor, 'keys'>): Transaction {
  const record: ReleasedRecord = { term: action.term, reason: action.reason, successor: action.successor };
  return {
    compare: [at(by.keys.leader, 'create', action.leaderRevision)],
    writes: [put(by.keys.released(action.term), record), erase(by.keys.leader), erase(by.keys.switchover)],
  };
}

/** The takeover: one step that takes the lock and makes every later beat of the old master fail. */
export function takeLockTransaction(action: Of<'take-lock'>, by: Actor): Transaction {
  const record: PromotionRecord = {
    candidate: by.name,
    bootId: by.bootId,
    hostId: by.hostId,
    term: action.term,
    syncRevision: action.syncRevision,
  };
  return {
    compare: [
      at(by.keys.promotion, 'create', 0),
      at(by.keys.sync, 'mod', action.syncRevision),
      at(by.keys.beat, 'mod', action.beatRevision),
    ],
    writes: [put(by.keys.promotion, record, by.lease), erase(by.keys.leader)],
  };
}

export function dropLockTransaction(action: Of<'drop-lock'>, by: Pick<Actor, 'keys'>): Transaction {
  return {
    compare: [at(by.keys.promotion, 'create', action.lockRevision)],
    writes: [erase(by.keys.promotion)],
  };
}

/** The new term: its history, and the synchronous set with nobody confirmed. */
export function claimTransaction(action: Of<'claim'>, by: Actor, made: Made): Transaction {
  return {
    compare: [
      at(by.keys.promotion, 'create', action.lockRevision ?? made.lock ?? neverRevision),
      at(by.keys.sync, 'mod', action.syncRevision),
      at(by.keys.history(action.history.term), 'create', 0),
    ],
    writes: [
      put(by.keys.sync, action.sync),
      put(by.keys.history(action.history.term), action.history),
      // What an operator wished of the old master is void.
      erase(by.keys.switchover),
      ...(action.history.forced ? [erase(by.keys.forced)] : []),
    ],
  };
}

/** The leader key and the first beat, in place of the lock. */
export function leadTransaction(action: Of<'lead'>, by: Actor, made: Made): Transaction {
  const leader: LeaderRecord = {
    name: by.name,
    term: action.term,
    bootId: by.bootId,
    hostId: by.hostId,
    lineage: by.lineage,
  };
  const beat: BeatRecord = { counter: 0, term: action.term, ttlMs: by.ttlMs };
  return {
    compare: [
      at(by.keys.promotion, 'create', action.lockRevision ?? made.lock ?? neverRevision),
      at(by.keys.sync, 'mod', action.syncRevision ?? made.claim ?? neverRevision),
    ],
    writes: [put(by.keys.leader, leader, by.lease), put(by.keys.beat, beat), erase(by.keys.promotion)],
  };
}

export function writeSyncTransaction(action: Of<'write-sync'>, by: Actor): Transaction {
  return {
    compare: [
      at(by.keys.leader, 'create', action.leaderRevision),
      at(by.keys.sync, 'mod', action.syncRevision),
    ],
    writes: [put(by.keys.sync, action.sync)],
  };
}

/** Records for people and requests: losing one of these transactions harms nobody. */
export function recordTransaction(
  action: Of<'evict'> | Of<'readmit'> | Of<'note-switch'> | Of<'drop-request'>,
  by: Actor,
): Transaction {
  switch (action.kind) {
    case 'evict':
      return {
        compare: [],
        writes: [put(by.keys.evicted(action.name), { term: action.term, reason: action.reason })],
      };
    case 'readmit':
      return {
        compare: [at(by.keys.evicted(action.name), 'mod', action.revision)],
        writes: [erase(by.keys.evicted(action.name))],
      };
    case 'note-switch':
      return {
        compare: [at(by.keys.history(action.history.term), 'mod', action.revision)],
        writes: [put(by.keys.history(action.history.term), action.history)],
      };
    case 'drop-request':
      return {
        compare: [at(by.keys[action.key], 'mod', action.revision)],
        writes: [erase(by.keys[action.key])],
      };
  }
}
