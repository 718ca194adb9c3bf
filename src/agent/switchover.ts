import { randomUUID } from 'node:crypto';
import type { ClusterState, LeaderRecord } from '../core/failover/cluster-state.ts';
import { encodeRecord } from '../core/failover/codec.ts';
import { isProblem, Problem } from '../core/problem.ts';
import { callMs, changeCluster, readCluster } from './cluster-state-access.ts';
import { isStreaming, liveMaster, standbysOf } from './cluster-roles.ts';
import type { StoreConnection } from './etcd-endpoints.ts';
import { missing } from './member-changes.ts';
import { newMilestones } from './switchover-milestones.ts';
import { Wake } from './wake.ts';

export interface SwitchoverOptions {
  /** Null: the cluster chooses among its confirmed standbys. */
  readonly to: string | null;
  readonly timeoutMs: number;
  /** Told each step as it is seen, with the milliseconds since the request. */
  readonly onStep: (sentence: string, atMs: number) => void;
  readonly signal: AbortSignal;
}

export interface SwitchoverResult {
  readonly from: string;
  readonly to: string;
  readonly term: number;
  /** Until the new master had its first confirmed standby and acknowledged writes, in milliseconds. */
  readonly tookMs: number;
}

const lookEveryMs = 250;

/**
 * Hands mastership over as planned: asks the master, then watches until the new one has a confirmed standby. Withdrawn when
 * it takes too long or is interrupted before the hand-over began.
 *
 * @throws Problem `operation_refused` with why not; `member_missing`; `command_timeout`; `interrupted`
 */
export async function switchover(
  connection: StoreConnection,
  options: SwitchoverOptions,
): Promise<SwitchoverResult> {
  const id = randomUUID();
  const before = await request(connection, options.to, id);
  const startedAt = performance.now();
  const wake = new Wake();
  const watching = new AbortController();
  const ring = (): void => wake.ring();
  connection.store.watch(connection.keys.prefix, {
    fromRevision: before.revision + 1,
    signal: watching.signal,
    onEvents: ring,
    onEnd: ring, // the timer goes on
  });
  options.signal.addEventListener('abort', ring);
  try {
    const since = (): number => Math.round(performance.now() - startedAt);
    const milestones = newMilestones(before.leader, (sentence) => options.onStep(sentence, since()));
    for (;;) {
      const state = await lookPatiently(connection);
      const outcome = state === null ? null : milestones(state);
      if (outcome !== null) {
        // Where the master died of something else meanwhile, the wish must not reach its successor.
        if (state?.switchover?.value.id === id) await withdraw(connection, state.switchover.modRevision);
        return { from: before.leader.name, ...outcome, tookMs: since() };
      }
      if (options.signal.aborted) throw await withdrawn(connection, id, 'interrupted');
      if (since() >= options.timeoutMs) throw await withdrawn(connection, id, 'command_timeout');
      await wake.wait(Math.min(lookEveryMs, Math.max(1, options.timeoutMs - since())));
    }
  } finally {
    watching.abort();
    options.signal.removeEventListener('abort', ring);
  }
}

/** Writes the wish, if it can come true. */
async function request(
  connection: StoreConnection,
  to: string | null,
  id: string,
): Promise<{ readonly leader: LeaderRecord; readonly revision: number }> {
  let asked: { readonly leader: LeaderRecord; readonly revision: number } | null = null;
  await changeCluster(connection, (state) => {
    // Already written, or already acted upon: then the master has dropped it.
    if (
      state.switchover?.value.id === id ||
      (asked !== null && state.sync.value.term >= asked.leader.term + 1)
    )
      return null;
    const leader = requireSwitchable(state, to);
    asked = { leader: leader.value, revision: state.revision };
    return {
      compare: [
        { key: connection.keys.switchover, target: 'create', equals: 0 },
        { key: connection.keys.promotion, target: 'create', equals: 0 },
        { key: connection.keys.leader, target: 'create', equals: leader.createRevision },
      ],
      writes: [{ kind: 'put', key: connection.keys.switchover, value: encodeRecord({ id, to }) }],
    };
  });
  if (asked === null) throw refused('the request could not be written');
  return asked;
}

/** @throws Problem `operation_refused`, `member_missing` */
function requireSwitchable(state: ClusterState, to: string | null): NonNullable<ClusterState['leader']> {
  const master = liveMaster(state);
  if (state.promotion !== null)
    throw refused(`${state.promotion.value.candidate} is being promoted right now`);
  if (master === null || state.leader === null) {
    throw refused('there is no live master to hand over; "holdfast status" says what the nodes wait for');
  }
  if (state.switchover !== null) {
    throw refused(`a switchover to ${state.switchover.value.to ?? 'any standby'} is under way already`);
  }
  if (to === null) {
    const ready = standbysOf(state).some(({ name }) => whyNot(state, name) === null);
    if (!ready) throw refused('no standby is up and streaming');
    return state.leader;
  }
  const member = state.config.value.members.find(({ name }) => name === to);
  if (member === undefined) throw missing(to, state);
  if (to === master) throw refused(`${to} is the master already`);
  if (member.kind !== 'standby') {
    throw refused(`${to} was declared as ${member.kind}, which never becomes master by a switchover`);
  }
  const obstacle = whyNot(state, to);
  if (obstacle !== null) throw refused(obstacle);
  return state.leader;
}

function whyNot(state: ClusterState, name: string): string | null {
  const report = state.members.get(name)?.value;
  if (report === undefined) return `${name} is down`;
  if (report.marker) return `${name} is being copied or rewound (${report.because})`;
  return isStreaming(report) ? null : `${name} does not stream from the master (${report.because})`;
}

/** A hand-over may take etcd's leader along: one unanswered look (null) is no reason to stop watching. */
async function lookPatiently(connection: StoreConnection): Promise<ClusterState | null> {
  try {
    return await readCluster(connection);
  } catch (error) {
    if (isProblem(error, 'store_unavailable', 'store_unanswered')) return null;
    throw error;
  }
}

/** Takes the wish back, unless it is being carried out. */
async function withdrawn(
  connection: StoreConnection,
  id: string,
  code: 'interrupted' | 'command_timeout',
): Promise<Problem> {
  const why = code === 'interrupted' ? 'The switchover was interrupted' : 'The switchover took too long';
  const underWay = 'the hand-over had begun and goes on; "holdfast status" shows how it ends';
  try {
    const state = await readCluster(connection);
    if (state.switchover?.value.id !== id) return new Problem(code, `${why}: ${underWay}.`);
    const takenBack = await withdraw(connection, state.switchover.modRevision);
    const master = state.sync.value.master;
    const because = state.members.get(master)?.value.because ?? 'the master says nothing';
    return new Problem(
      code,
      `${why}: ${takenBack ? `the request was taken back (${master}: ${because})` : underWay}.`,
    );
  } catch {
    return new Problem(code, `${why}, and etcd does not answer now: "holdfast status" shows how it ends.`);
  }
}

async function withdraw(connection: StoreConnection, modRevision: number): Promise<boolean> {
  const key = connection.keys.switchover;
  const { succeeded } = await connection.store.txn(
    [{ key, target: 'mod', equals: modRevision }],
    [{ kind: 'delete', key }],
    { timeoutMs: callMs },
  );
  return succeeded;
}

function refused(why: string): Problem {
  return new Problem('operation_refused', `No switchover: ${why}.`);
}
