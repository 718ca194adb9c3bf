import { type Instant, isPast, plus } from '../../clock.ts';
import type { Decision, Serving } from '../action.ts';
import { type ClusterState, instanceNames, type NodeKind, type PerInstance } from '../cluster-state.ts';
import { servingNobody } from '../context.ts';
import { emptyMemory, type Memory } from '../memory.ts';
import { marginMs } from '../timing.ts';
import type { LocalRecord, TaskView } from '../view.ts';
import type { Edge } from './edge.ts';
import type { ModelInstance } from './model-instance.ts';
import { perform } from './perform.ts';
import { cancelTask } from './model-tasks.ts';
import { reportOf, viewOf } from './model-view.ts';
import type { World } from './world.ts';

/** One machine: an agent that takes turns, its guardian, its API workers, and two instances. */
export class ModelNode {
  readonly world: World;
  readonly name: string;
  readonly kind: NodeKind;
  readonly instances: PerInstance<ModelInstance>;
  readonly edge: Edge;
  /** Milliseconds of this machine's clock in one of true time. */
  readonly rate: number;
  /** Counts the starts of the agent. */
  life = 0;
  alive = false;
  /** The agent is stopped (SIGSTOP). */
  stopped = false;
  guardian: 'watching' | 'stopped' | 'dead' = 'watching';
  /** The whole machine is paused. */
  suspended = false;
  /** How long log takes to reach it, at most. */
  lagMs = 10;
  leastLagMs = 1;
  /** Kills do not take effect for now. */
  outlives = false;
  /** A kill was tried, and something is still there. */
  killFailed = false;
  memory: Memory = emptyMemory;
  serving: Serving = servingNobody;
  record: LocalRecord = { claimedTerm: 0, planned: null };
  copyNeeded = false;
  copying = false;
  task: TaskView | null = null;
  taskRun = 0;
  authorityUntil: Instant | null = null;
  lastBeatSentAt: Instant | null = null;
  ailment: string | null = null;
  stopRequested = false;
  lastSaid = '';
  /** Revisions that this turn's actions made. */
  made: { lock: number | null; claim: number | null } = { lock: null, claim: null };
  lastCluster: ClusterState | null = null;
  #busy = false;
  #again = false;
  #timer = 0;
  #deferred: (() => void)[] = [];
  #guardianDeferred = false;
  #monoLost = 0;
  #pausedAt = 0;
  #reported = '';

  constructor(
    world: World,
    name: string,
    kind: NodeKind,
    rate: number,
    instances: PerInstance<ModelInstance>,
  ) {
    this.world = world;
    this.name = name;
    this.kind = kind;
    this.rate = rate;
    this.instances = instances;
    this.edge = world.edge;
  }

  get bootId(): string {
    return `${this.name}-${this.life}`;
  }

  clock(): Instant {
    const boot = this.world.now * this.rate;
    return { mono: boot - this.#monoLost, boot };
  }

  /** Whether its API workers may answer as a master's do. */
  get answers(): boolean {
    const until = this.authorityUntil;
    if (!this.alive || this.suspended || until === null || this.serving.role !== 'master') return false;
    return this.edge.answersOn === true || !isPast(until, this.clock());
  }

  // --- time of the agent ---

  /** Something of this life of the agent, `ms` from now: later when it is stopped then, never when it has ended. */
  agentAfter(ms: number, run: () => void): void {
    const { life } = this;
    const due = (): void => {
      if (!this.alive || life !== this.life) return;
      if (this.stopped || this.suspended) this.#deferred.push(due);
      else run();
    };
    this.world.after(ms, due);
  }

  wake(): void {
    if (!this.alive) return;
    if (this.#busy) this.#again = true;
    else this.#turn();
  }

  #turn(): void {
    this.#busy = true;
    this.#again = false;
    this.#timer += 1;
    this.world.read(this, (cluster) => this.#decide(cluster));
  }

  #decide(cluster: ClusterState | null): void {
    if (cluster !== null) this.lastCluster = cluster;
    const view = viewOf(this, cluster);
    const decision = this.world.decide(view, this.memory);
    this.memory = decision.memory;
    this.made = { lock: null, claim: null };
    this.serving = decision.serving;
    this.world.judge.decided(this);
    if (this.world.trace !== null) this.#tell(decision);
    const next = (index: number): void => {
      const action = decision.actions[index];
      if (action === undefined) return this.#end(decision, view);
      this.world.beforeAction(this, action);
      const go = (): void =>
        perform(this, action, cluster, (ok) => (ok ? next(index + 1) : this.#end(decision, view)));
      this.agentNow(go);
    };
    next(0);
  }

  /** Now, unless the agent is stopped; never when a fault has just ended it. */
  agentNow(run: () => void): void {
    if (!this.alive) return;
    if (this.stopped || this.suspended) this.agentAfter(0, run);
    else run();
  }

  #end(decision: Decision<Memory>, view: ReturnType<typeof viewOf>): void {
    if (!this.alive) return;
    const report = reportOf(this, view, decision.serving.role);
    const gist = `${report.role} ${report.detachedFor} ${report.marker} ${report.ailment} ${report.bootId}`;
    this.world.report(this, report, gist !== this.#reported);
    this.#reported = gist;
    this.#busy = false;
    if (this.#again || decision.wakeInMs <= 0) {
      this.agentAfter(0.5, () => this.wake());
      return;
    }
    const timer = this.#timer;
    this.agentAfter(decision.wakeInMs / this.rate, () => timer === this.#timer && this.wake());
  }

  #tell(decision: Decision<Memory>): void {
    const said = `${decision.rule} ${decision.because}`;
    if (said === this.lastSaid) return;
    this.lastSaid = said;
    this.world.trace?.({ node: this.name, rule: decision.rule, because: decision.because });
  }

  // --- authority ---

  extendAuthority(sentAt: Instant, ttlMs: number): void {
    if (this.guardian !== 'watching') return;
    const until = plus(sentAt, ttlMs - marginMs(ttlMs));
    if (this.authorityUntil !== null && this.authorityUntil.boot > until.boot) return;
    this.authorityUntil = until;
    this.#armGuardian();
  }

  limitAuthority(sentAt: Instant, ttlMs: number): void {
    const until = plus(sentAt, ttlMs - marginMs(ttlMs));
    if (this.authorityUntil === null || this.authorityUntil.boot <= until.boot) return;
    this.authorityUntil = until;
    this.#armGuardian();
  }

  #armGuardian(): void {
    if (this.authorityUntil === null) return;
    const leftMs = (this.authorityUntil.boot - this.clock().boot) / this.rate;
    this.world.after(Math.max(0, leftMs) + this.world.between(5, 30), () => this.#guard());
  }

  #guard(): void {
    if (
      this.guardian === 'dead' ||
      this.authorityUntil === null ||
      !isPast(this.authorityUntil, this.clock())
    )
      return;
    if (this.suspended || this.guardian === 'stopped') this.#guardianDeferred = true;
    else if (this.alive) {
      const { leading, givingUp, promotion } = this.memory;
      if (!this.stopped && leading === null && givingUp === null && promotion === null) {
        this.world.judge.fail(`the guardian ends ${this.name}, which leads nothing`);
      }
      this.crashAgent();
    }
  }

  dropAuthority(): void {
    this.authorityUntil = null;
    this.lastBeatSentAt = null;
  }

  // --- instances ---

  /** What could not be killed is dead now, if it was to be. */
  becomeKillable(): void {
    if (this.outlives && this.killFailed) for (const name of instanceNames) this.instances[name].die();
    this.outlives = false;
    this.killFailed = false;
    this.wake();
  }

  /** False while something outlives its kill. */
  killInstances(): boolean {
    this.killFailed = this.outlives;
    if (this.outlives) return false;
    for (const name of instanceNames) this.instances[name].die();
    return true;
  }

  /** One postmaster dies. */
  killInstance(name: 'data' | 'audit'): void {
    if (!this.instances[name].up) return;
    this.instances[name].die();
    this.agentAfter(1, () => this.wake());
  }

  // --- the life of the agent ---

  start(): void {
    if (this.alive) return;
    this.life += 1;
    this.alive = true;
    this.stopped = false;
    this.guardian = 'watching';
    this.memory = emptyMemory;
    this.serving = servingNobody;
    this.task = null;
    this.lastSaid = '';
    this.#busy = false;
    this.#deferred = [];
    this.#reported = '';
    this.dropAuthority();
    this.wake();
  }

  /** The agent is gone, its workers with it; the guardian or the kernel ends what it started, or nobody does. */
  crashAgent(): void {
    if (!this.alive) return;
    this.alive = false;
    this.stopped = false;
    cancelTask(this);
    this.serving = servingNobody;
    this.dropAuthority();
    const { life } = this;
    const guarded = this.guardian === 'watching';
    this.world.after(this.world.between(1, 20), () => {
      if (this.life !== life) return;
      this.killFailed = this.outlives;
      if (this.outlives) return;
      for (const name of instanceNames)
        if (guarded || this.instances[name].frozen === 'no') this.instances[name].die();
    });
    this.world.ended(this);
  }

  /** Power lost: everything at once. */
  crashMachine(): void {
    this.outlives = false;
    if (this.suspended) this.resume();
    this.guardian = 'dead';
    this.crashAgent();
    for (const name of instanceNames) this.instances[name].die();
  }

  stopAgent(): void {
    if (this.alive) this.stopped = true;
  }

  continueAgent(): void {
    this.stopped = false;
    this.#runDeferred();
  }

  stopGuardian(): void {
    if (this.guardian === 'watching') this.guardian = 'stopped';
  }

  continueGuardian(): void {
    if (this.guardian === 'stopped') this.guardian = 'watching';
    this.#runGuardian();
  }

  /** The whole machine stands still; `deep`: its monotonic clock too. */
  suspend(deep: boolean): void {
    if (this.suspended) return;
    this.suspended = true;
    this.#pausedAt = deep ? this.world.now : Infinity;
    for (const name of instanceNames) this.instances[name].freeze('all');
  }

  resume(): void {
    if (!this.suspended) return;
    this.suspended = false;
    this.#monoLost += Math.max(0, this.world.now - this.#pausedAt) * this.rate;
    for (const name of instanceNames) this.instances[name].thaw();
    this.#runGuardian();
    this.#runDeferred();
  }

  #runDeferred(): void {
    if (this.suspended || this.stopped) return;
    const due = this.#deferred;
    this.#deferred = [];
    for (const run of due) this.world.after(this.world.between(0, 10), run);
  }

  #runGuardian(): void {
    if (!this.#guardianDeferred || this.suspended || this.guardian !== 'watching') return;
    this.#guardianDeferred = false;
    this.world.after(this.world.between(0, 30), () => this.#guard());
  }

  /** Whether `action` is one that reaches into the instances and would fail on a dead or hanging one. */
  get responsive(): boolean {
    return instanceNames.every((name) => this.instances[name].up && this.instances[name].frozen === 'no');
  }
}
