import { randomUUID } from 'node:crypto';
import type { ClusterState, DeclaredMember, PerInstance } from '../core/failover/cluster-state.ts';
import { encodeRecord } from '../core/failover/codec.ts';
import { holdsEveryWrite, silenceMs } from '../core/failover/eligibility.ts';
import { formatLsn } from '../core/lsn.ts';
import { Problem } from '../core/problem.ts';
import { changeCluster, configChange, readCluster } from './cluster-state-access.ts';
import type { StoreConnection } from './etcd-endpoints.ts';
import { missing } from './member-changes.ts';
import { Wake } from './wake.ts';

/** What a forced failover costs, as far as anybody alive can tell. Positions as PostgreSQL prints them. */
export interface AcceptedLoss {
  readonly candidate: string;
  /** The term that it will take. */
  readonly term: number;
  /** Every write after these is lost: how far the candidate's own log goes. */
  readonly keptUpTo: PerInstance<string>;
  /** Others that are up and have received more than the candidate. */
  readonly further: readonly { readonly name: string; readonly receivedUpTo: PerInstance<string> }[];
  readonly sentence: string;
}

/**
 * Tells `candidate` to take over although it may lack acknowledged writes: for when the master and all that hold every
 * write are gone for good. The candidate still waits for the master's silence, so that there are never two.
 *
 * @param wanted.acceptLoss false: nothing is done, and the refusal says what would be lost
 * @throws Problem `operation_refused` while a master beats or somebody alive holds every write; `member_missing`
 */
export async function forceFailover(
  connection: StoreConnection,
  wanted: { readonly candidate: string; readonly acceptLoss: boolean },
): Promise<AcceptedLoss> {
  const { candidate } = wanted;
  const first = await readCluster(connection);
  requireForcible(first, candidate);
  await requireSilence(connection, first);
  const id = randomUUID();
  let loss: AcceptedLoss | null = null;
  await changeCluster(connection, (state) => {
    if (state.forced?.value.id === id) return null;
    const member = requireForcible(state, candidate);
    requireSameBeat(first, state);
    loss = lossOf(state, candidate);
    if (!wanted.acceptLoss) {
      throw refused(`${loss.sentence} Say --accept-loss if that is what you want`);
    }
    const { keys } = connection;
    const members = state.config.value.members.map((one) =>
      one === member ? { ...one, kind: 'standby' as const } : one,
    );
    const config = configChange(connection, state, { ...state.config.value, members });
    const forced = { id, candidate, term: state.sync.value.term };
    return {
      compare: [
        ...config.compare,
        { key: keys.sync, target: 'mod', equals: state.sync.modRevision },
        { key: keys.beat, target: 'mod', equals: state.beat?.modRevision ?? 0 },
        { key: keys.promotion, target: 'create', equals: 0 },
      ],
      writes: [
        ...(member.kind === 'standby' ? [] : config.writes),
        { kind: 'put', key: keys.forced, value: encodeRecord(forced) },
      ],
    };
  });
  return loss ?? lossOf(first, candidate);
}

/** @throws Problem unless forcing `candidate` is the last resort that it is meant to be */
function requireForcible(state: ClusterState, candidate: string): DeclaredMember {
  const member = state.config.value.members.find(({ name }) => name === candidate);
  if (member === undefined) throw missing(candidate, state);
  if (member.kind === 'follower') {
    throw refused(`${candidate} is a follower and has no copy of the audit trail; it cannot become master`);
  }
  const report = state.members.get(candidate)?.value;
  if (report === undefined) throw refused(`${candidate} is down; start it first`);
  if (report.marker)
    throw refused(`${candidate} has a half-made copy (${report.because}); choose another node`);
  if (state.promotion !== null)
    throw refused(`${state.promotion.value.candidate} is being promoted right now`);
  const holders = eligibleAndAlive(state);
  const others = holders.filter((name) => name !== candidate);
  if (others.length > 0) {
    throw refused(
      `${others.join(', ')} is up and holds every acknowledged write. Nothing need be lost: promote that one`,
    );
  }
  const beside = state.config.value.members.filter(
    ({ name, kind }) => kind === 'standby' && name !== state.sync.value.master,
  );
  if (holders.includes(candidate) && (beside.length >= 2 || candidate === state.sync.value.master)) {
    throw refused(`${candidate} holds every acknowledged write and takes over by itself (${report.because})`);
  }
  return member;
}

function eligibleAndAlive(state: ClusterState): readonly string[] {
  return state.config.value.members
    .filter(({ kind }) => kind === 'standby')
    .map(({ name }) => name)
    .filter(
      (name) => holdsEveryWrite(name, state.sync.value) && state.members.get(name)?.value.marker === false,
    );
}

/** A leader key may outlive its master by its lease: the beat tells, seen for as long as a candidate would wait. */
async function requireSilence(connection: StoreConnection, first: ClusterState): Promise<void> {
  if (first.leader === null) return;
  const endAt = performance.now() + silenceMs(first);
  const wake = new Wake();
  while (performance.now() < endAt) {
    await wake.wait(Math.min(first.config.value.beatMs, endAt - performance.now()));
    requireSameBeat(first, await readCluster(connection));
  }
}

function requireSameBeat(first: ClusterState, now: ClusterState): void {
  if ((first.beat?.modRevision ?? 0) === (now.beat?.modRevision ?? 0)) return;
  const who = now.leader?.value.name ?? now.sync.value.master;
  throw refused(`${who} is master and beats. Use "holdfast switchover"`);
}

function lossOf(state: ClusterState, candidate: string): AcceptedLoss {
  const position = (name: string): PerInstance<bigint> => {
    const instances = state.members.get(name)?.value.instances;
    return { data: instances?.data?.receivedLsn ?? 0n, audit: instances?.audit?.receivedLsn ?? 0n };
  };
  const own = position(candidate);
  const further = [...state.members.keys()]
    .filter((name) => name !== candidate)
    .map((name) => ({ name, at: position(name) }))
    .filter(({ at }) => at.data > own.data || at.audit > own.audit)
    .map(({ name, at }) => ({ name, receivedUpTo: printed(at) }));
  const keptUpTo = printed(own);
  const ahead = further
    .map(
      ({ name, receivedUpTo }) =>
        ` ${name} has data up to ${receivedUpTo.data} and audit up to ${receivedUpTo.audit}.`,
    )
    .join('');
  const sentence = `With ${candidate} as master every write after ${keptUpTo.data} in data and ${keptUpTo.audit} in audit is lost.${ahead}`;
  return { candidate, term: state.sync.value.term + 1, keptUpTo, further, sentence };
}

function printed(at: PerInstance<bigint>): PerInstance<string> {
  return { data: formatLsn(at.data), audit: formatLsn(at.audit) };
}

function refused(why: string): Problem {
  return new Problem('operation_refused', `No forced failover: ${why}.`);
}
