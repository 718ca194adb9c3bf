import type { ClusterState, InstanceName, LineageStep, PerInstance } from '../core/failover/cluster-state.ts';
import { instanceNames } from '../core/failover/cluster-state.ts';
import { placeholderName } from '../core/failover/eligibility.ts';
import { isProblem, Problem } from '../core/problem.ts';
import { killEveryProcess } from '../instance/kill.ts';
import { checkpoint } from '../instance/maintenance.ts';
import { discardMovedAside, settleDirectories } from '../instance/moved-aside.ts';
import { promote } from '../instance/promote.ts';
import type { RunningInstance } from '../instance/running-instance.ts';
import { slotName } from '../instance/slots.ts';
import { startInstance } from '../instance/start.ts';
import { setSynchronousNames } from '../instance/synchronous.ts';
import { localTimelineHistory } from '../instance/timeline-history.ts';
import { skipTimelines } from '../instance/timeline-stubs.ts';
import { disconnectFromPrimary, setPrimary } from '../instance/upstream.ts';
import type { Logger } from '../runtime/log.ts';
import type { NodeContext } from './node-context.ts';
import { upstreamOf } from './upstreams.ts';

/** How long each quick step may take before the turn gives it up, in milliseconds. */
const stepMs = 1000;
const killMs = 2000;
const promoteMs = 4500;
const stopMs = 10_000;
/** An instance that has run for this long has started; each end before that counts. */
const earlyMs = 10_000;

interface Slot {
  running: RunningInstance | null;
  /** Whom the connection string points at. */
  target: string | null;
  /** What commits are known to wait for, in every sender; null while a change has not been seen in effect. */
  names: readonly string[] | null;
  /** Counts the changes of the names: a late one says nothing any more. */
  changes: number;
  lineage: { readonly timeline: number; readonly steps: readonly LineageStep[] } | null;
  /** Starts in a row whose instance ended by itself within seconds. */
  earlyEnds: number;
  /** This node stops or kills it: its end is no surprise. */
  ending: boolean;
}

/** The two instances of this node: the limbs that `act` moves. Decides nothing. */
export class LocalInstances {
  readonly #node: NodeContext;
  readonly #onExit: () => void;
  #tidying = false;
  readonly #slots: PerInstance<Slot> = { data: emptySlot(), audit: emptySlot() };

  constructor(node: NodeContext, onExit: () => void) {
    this.#node = node;
    this.#onExit = onExit;
  }

  slot(name: InstanceName): Readonly<Slot> {
    return this.#slots[name];
  }

  /** Finishes what an interrupted copy left, before anything is started. */
  async settle(): Promise<void> {
    await forBoth((name) => settleDirectories(this.#node.instances[name]));
  }

  /** Starts what does not run: as a standby of nobody; a follower's *audit*, which is its own, read-write. */
  async start(): Promise<void> {
    await forBoth(async (name) => {
      const slot = this.#slots[name];
      if (slot.running !== null && slot.running.ended === null) return;
      const own = name === 'audit' && this.#node.config.kind === 'follower';
      slot.ending = false;
      const startedAt = performance.now();
      const running = await startInstance(this.#node.instances[name], {
        role: own
          ? { kind: 'primary', synchronousNames: [] }
          : { kind: 'standby', upstream: null, slotName: null },
      }).catch((error: unknown) => {
        // Its postmaster ended. What keeps a start from being tried (a port that is taken) says nothing of the files.
        if (isProblem(error, 'instance_failed')) slot.earlyEnds += 1;
        throw error;
      });
      slot.running = running;
      slot.target = null;
      slot.names = own ? [] : [placeholderName];
      slot.changes += 1;
      void running.exited.then(() => noteEnd(slot, startedAt)).then(this.#onExit);
    });
  }

  /** Its files are others now: what became of earlier starts says nothing any more. */
  replaced(): void {
    for (const name of instanceNames) this.#slots[name].earlyEnds = 0;
  }

  /** Fast stop of both, in parallel. @throws Problem `instance_failed` when a process outlives it */
  async stop(): Promise<void> {
    await forBoth(async (name) => {
      const { running } = this.#slots[name];
      if (running === null || running.ended !== null) return;
      this.#slots[name].ending = true;
      const result = await running.stop('fast', { timeoutMs: stopMs, killTimeoutMs: killMs });
      if (!result.dead) throw new Problem('instance_failed', `${name}: a process outlives its kill`);
    });
  }

  /** Kills every process of both; true once every one is seen dead. */
  async kill(): Promise<boolean> {
    const results = await forBoth((name) => {
      const { running } = this.#slots[name];
      const options = { timeoutMs: killMs };
      this.#slots[name].ending = true;
      if (running !== null && running.ended === null) return running.killAll(options);
      return killEveryProcess({ dir: this.#node.instances[name].dir, postmaster: null }, options);
    });
    return results.every((result) => result.dead);
  }

  /** Points at `target`; a follower's *audit* follows nobody. */
  async follow(target: string, cluster: ClusterState | null): Promise<void> {
    const { config } = this.#node;
    await forBoth(async (name) => {
      if (name === 'audit' && config.kind === 'follower') return;
      const upstream = upstreamOf(target, name, config, cluster);
      const running = this.#running(name);
      const primary = { upstream, slotName: slotName(config.name) };
      this.#slots[name].target = null;
      try {
        const read = await setPrimary(running, primary, { timeoutMs: stepMs });
        if (!read)
          throw new Problem('instance_unavailable', `the ${name} instance has not read its new upstream`);
      } catch (error) {
        // One that still starts answers nobody; the file is written and the signal sent.
        if (running.ended !== null || !isProblem(error, 'instance_unavailable')) throw error;
      }
      this.#slots[name].target = target;
    });
  }

  async detach(): Promise<void> {
    await forBoth(async (name) => {
      const gone = await disconnectFromPrimary(this.#running(name), { timeoutMs: 300 });
      if (!gone)
        throw new Problem('instance_unavailable', `the receiver of the ${name} instance still lives`);
      this.#slots[name].target = null;
    });
  }

  /** Requires exactly `names`; what was not seen in effect everywhere counts as unknown. */
  async require(names: readonly string[]): Promise<void> {
    await forBoth(async (name) => {
      const slot = this.#slots[name];
      slot.names = null;
      const change = ++slot.changes;
      const result = await setSynchronousNames(this.#running(name), names, { timeoutMs: stepMs });
      if (result.inEffect && slot.changes === change) slot.names = names;
    });
  }

  async planTimelines(timelines: PerInstance<number>): Promise<void> {
    await forBoth((name) => skipTimelines(this.#node.instances[name], timelines[name]));
  }

  /** @returns the timelines that they came out on */
  async promote(): Promise<PerInstance<number>> {
    const [data, audit] = await forBoth((name) => promote(this.#running(name), { timeoutMs: promoteMs }));
    return { data: data?.timeline ?? 0, audit: audit?.timeline ?? 0 };
  }

  async checkpoint(): Promise<void> {
    await forBoth((name) => checkpoint(this.#running(name), { timeoutMs: 60_000 }));
  }

  /** Throws away what copies replaced, beside the turns: the directory may be large. */
  tidy(log: Logger): void {
    if (this.#tidying) return;
    this.#tidying = true;
    void forBoth((name) => discardMovedAside(this.#node.instances[name]))
      .catch((error: unknown) => log.warn({ err: error }, 'what a copy replaced could not be thrown away'))
      .finally(() => {
        this.#tidying = false;
      });
  }

  /** The ancestry of a timeline by this node's own files, remembered. Empty when it cannot be read yet. */
  async lineage(name: InstanceName, timeline: number): Promise<readonly LineageStep[]> {
    const slot = this.#slots[name];
    if (slot.lineage?.timeline === timeline) return slot.lineage.steps;
    try {
      const { ancestors } = await localTimelineHistory(this.#node.instances[name], timeline);
      const steps = [
        ...ancestors.map((a) => ({ timeline: a.timeline, endLsn: a.switchLsn })),
        { timeline, endLsn: null },
      ];
      slot.lineage = { timeline, steps };
      return steps;
    } catch {
      return []; // the file is written a moment after the switch: the next turn looks again
    }
  }

  #running(name: InstanceName): RunningInstance {
    const { running } = this.#slots[name];
    if (running === null || running.ended !== null) {
      throw new Problem('instance_unavailable', `the ${name} instance is not running`);
    }
    return running;
  }
}

function noteEnd(slot: Slot, startedAt: number): void {
  if (performance.now() - startedAt >= earlyMs) slot.earlyEnds = 0;
  else if (!slot.ending) slot.earlyEnds += 1;
}

function emptySlot(): Slot {
  return {
    running: null,
    target: null,
    names: null,
    changes: 0,
    lineage: null,
    earlyEnds: 0,
    ending: false,
  };
}

/** For both, side by side; waits for both also when one fails, so that nothing runs on into the next turn. */
async function forBoth<T>(work: (name: InstanceName) => Promise<T>): Promise<readonly T[]> {
  const results = await Promise.allSettled(instanceNames.map(work));
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
