import { type Random, seededRandom } from '../../random.ts';
import type { Action, Decision } from '../action.ts';
import type { ClusterConfig, ClusterState, InstanceName, MemberReport, NodeKind } from '../cluster-state.ts';
import type { Memory } from '../memory.ts';
import { loadBalancerTarget } from '../replication-source.ts';
import type { Transaction } from '../transactions.ts';
import type { View } from '../view.ts';
import type { Edge } from './edge.ts';
import { EventQueue } from './event-queue.ts';
import { Judge } from './judge.ts';
import { ModelInstance } from './model-instance.ts';
import { ModelNode } from './model-node.ts';
import { keys, ModelStore } from './model-store.ts';
import { nowhere } from './model-view.ts';

/** The cluster that is simulated. The first node is the one that it was made on. */
export interface Shape {
  readonly nodes: readonly { readonly name: string; readonly kind: NodeKind }[];
  readonly ttlMs: number;
  readonly syncCount: number;
  readonly strict: boolean;
  readonly autoRejoin: boolean;
}

export interface Said {
  readonly node: string;
  readonly rule: string;
  readonly because: string;
}

export interface WorldOptions {
  readonly seed: number;
  readonly shape: Shape;
  readonly decide: (view: View, memory: Memory) => Decision<Memory>;
  readonly edge: Edge;
  readonly trace: ((said: Said) => void) | null;
  /** Every delay is short and the same, nothing is lost by itself, clocks agree: for scenarios. */
  readonly calm: boolean;
}

/** Where nodes, store and network meet, and where things go wrong between them. */
export class World {
  readonly queue = new EventQueue();
  readonly random: Random;
  readonly store: ModelStore;
  readonly nodes = new Map<string, ModelNode>();
  readonly judge: Judge;
  readonly edge: Edge;
  readonly decide: WorldOptions['decide'];
  readonly calm: boolean;
  trace: WorldOptions['trace'];
  /** Things go wrong by themselves. */
  chaos = false;
  storeUp = true;
  readonly cutFromStore = new Set<string>();
  longWorkMs = 1500;
  /** Called before each action, where a fault may be aimed at it. */
  aim: (node: ModelNode, action: Action) => void = () => undefined;
  /** An agent ended. */
  onEnd: (node: ModelNode) => void = () => undefined;
  /** Overrides for scenarios: what the next transaction of a node meets. */
  readonly fates = new Map<string, 'lost' | 'unheard' | 'late' | 'slow' | 'sluggish'>();
  lagMs = 10;
  slowPromotionMs = 0;
  stuckReceiversMs = 0;
  readonly #cuts = new Set<string>();

  constructor(options: WorldOptions) {
    this.random = seededRandom(options.seed);
    this.edge = options.edge;
    this.decide = options.decide;
    this.trace = options.trace;
    this.calm = options.calm;
    this.judge = new Judge(this);
    const { shape } = options;
    const first = shape.nodes[0]?.name ?? '';
    const sync = { term: 1, master: first, standbys: [], previous: [], alone: true };
    this.store = new ModelStore(configOf(shape), sync, (key) => this.#changed(key));
    this.judge.syncChanged(sync);
    for (const { name, kind } of shape.nodes) {
      const log = { lineage: [{ timeline: 1, endLsn: null }], lsn: 100 };
      const instances = {
        data: new ModelInstance(name, 'data', log, this),
        audit: new ModelInstance(name, 'audit', log, this),
      };
      const rate = this.calm ? 1 : 0.99 + this.random.below(2001) / 100_000;
      this.nodes.set(name, new ModelNode(this, name, kind, rate, instances));
    }
  }

  get now(): number {
    return this.queue.now;
  }

  after(ms: number, run: () => void): void {
    this.queue.after(ms, run);
  }

  between(from: number, to: number): number {
    return this.calm ? from : from + this.random.below(to - from + 1);
  }

  node(name: string): ModelNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  // --- the network between nodes ---

  reachable(a: string, b: string): boolean {
    return this.#cuts.size === 0 || !this.#cuts.has(a < b ? `${a} ${b}` : `${b} ${a}`);
  }

  lagTo(node: string): number {
    const to = this.nodes.get(node);
    return this.between(to?.leastLagMs ?? 1, to?.lagMs ?? 10);
  }

  cut(a: string, b: string): void {
    this.#cuts.add(a < b ? `${a} ${b}` : `${b} ${a}`);
    // A connection that nothing passes through is given up after a while, if that lasts.
    this.after(this.between(1000, 4000), () => {
      for (const name of [a, b]) {
        const node = this.node(name);
        node.instances.data.dropStalled();
        node.instances.audit.dropStalled();
      }
    });
  }

  /** One cut is undone, or all are. */
  mend(a?: string, b?: string): void {
    if (a === undefined || b === undefined) this.#cuts.clear();
    else this.#cuts.delete(a < b ? `${a} ${b}` : `${b} ${a}`);
    for (const node of this.nodes.values()) {
      node.instances.data.resume();
      node.instances.audit.resume();
    }
  }

  /** The instance that `target` leads to: a node's, or through the load balancer whoever lets replicas in. */
  resolve(target: string, kind: InstanceName): ModelInstance | null {
    if (target !== loadBalancerTarget) return this.nodes.get(target)?.instances[kind] ?? null;
    for (const node of this.nodes.values()) {
      if (node.alive && node.serving.replicationOpen) return node.instances[kind];
    }
    return null;
  }

  acknowledged(by: ModelInstance, lsn: number): void {
    if (this.node(by.node).answers) this.judge.acknowledged(by, lsn);
  }

  // --- the store and the way to it ---

  read(node: ModelNode, done: (cluster: ClusterState | null) => void): void {
    if (!this.#hears(node) || (this.chaos && this.random.chance(200))) {
      node.agentAfter(this.random.chance(2) && !this.calm ? 5 : 300, () => done(null));
      return;
    }
    const seen = this.store.state;
    if (!this.calm && this.random.chance(4))
      node.agentAfter(this.between(1, this.chaos ? 25 : 5), () => done(seen));
    else done(seen);
  }

  txn(
    node: ModelNode,
    transaction: Transaction,
    timeoutMs: number,
    done: (revision: number | null) => void,
  ): void {
    const unanswered = (): void => node.agentAfter(timeoutMs, () => done(null));
    const fate = this.#fate(node);
    if (fate === 'refused') return node.agentAfter(5, () => done(null));
    if (fate === 'lost') return unanswered();
    const late =
      fate === 'late'
        ? this.between(400, this.random.chance(3) ? 9000 : 2500)
        : this.between(1, fate === 'sluggish' ? 200 : 4);
    this.after(late, () => {
      const revision = this.storeUp ? this.store.txn(transaction) : null;
      if (fate === 'heard' || fate === 'sluggish') node.agentAfter(this.between(1, 4), () => done(revision));
      if (fate === 'slow') node.agentAfter(this.between(timeoutMs / 4, timeoutMs - 10), () => done(revision));
    });
    if (fate === 'late' || fate === 'unheard') unanswered();
  }

  #fate(node: ModelNode): 'heard' | 'slow' | 'sluggish' | 'unheard' | 'late' | 'lost' | 'refused' {
    const planned = this.fates.get(node.name);
    if (planned !== undefined) {
      this.fates.delete(node.name);
      return planned;
    }
    if (!this.#hears(node)) {
      const roll = this.calm ? 0 : this.random.below(10);
      return roll === 9 ? 'late' : roll < 5 ? 'lost' : 'refused';
    }
    if (!this.chaos) return 'heard';
    const roll = this.random.below(200);
    return roll === 0
      ? 'lost'
      : roll === 1
        ? 'unheard'
        : roll === 2
          ? 'late'
          : roll < 6
            ? 'slow'
            : roll < 14
              ? 'sluggish'
              : 'heard';
  }

  #hears(node: ModelNode): boolean {
    return this.storeUp && !this.cutFromStore.has(node.name);
  }

  report(node: ModelNode, report: MemberReport, loud: boolean): void {
    if (!this.#hears(node)) return;
    const before = this.store.state.members.get(report.name)?.value;
    if (!loud && before?.bootId === report.bootId && sameReport(before, report)) return;
    this.after(this.between(1, 4), () => this.storeUp && this.store.report(report, loud));
  }

  /** A lease of `ms`; a `kept` one is renewed as long as its holder can. Expiry may come late. */
  lease(node: ModelNode, ms: number, kept: boolean): number {
    const id = this.store.grant();
    const { life } = node;
    const look = (): void => {
      const renewed =
        kept && node.alive && node.life === life && !node.stopped && !node.suspended && this.#hears(node);
      if (renewed || !this.storeUp) this.after(ms, look);
      else this.after(this.between(0, 3000), () => (this.storeUp ? this.store.expire(id) : look()));
    };
    this.after(ms, look);
    return id;
  }

  #changed(key: string): void {
    if (key === keys.beat) return;
    if (key === keys.sync) this.#syncChanged();
    for (const node of this.nodes.values()) {
      if (!node.alive || !this.#hears(node) || (this.chaos && this.random.chance(10))) continue;
      node.agentAfter(this.between(1, 5), () => node.wake());
    }
  }

  #syncChanged(): void {
    const { sync, history } = this.store.state;
    const claim = history.find((h) => h.value.term === sync.value.term)?.value;
    if (claim?.forced === true && sync.value.standbys.length === 0) this.judge.forgive(this.node(claim.to));
    this.judge.syncChanged(sync.value);
  }

  ended(node: ModelNode): void {
    const { life } = node;
    this.after(this.between(5000, 9000), () => {
      if (node.life === life && this.storeUp) this.store.forget(keys.member(node.name));
    });
    this.onEnd(node);
  }

  // --- what may go wrong with instances ---

  beforeAction(node: ModelNode, action: Action): void {
    if (this.chaos || this.calm) this.aim(node, action);
  }

  mishap(kind: 'start' | 'repair', _node: ModelNode): boolean {
    return this.chaos && this.random.chance(kind === 'start' ? 20 : 4);
  }

  promotionMs(): number {
    if (this.slowPromotionMs > 0) return this.slowPromotionMs;
    return this.chaos && this.random.chance(12) ? this.between(1000, 7000) : this.between(40, 250);
  }

  /** How long a WAL receiver lives on after its connection string is gone. */
  receiverEndsInMs(): number {
    if (this.stuckReceiversMs > 0) return this.stuckReceiversMs;
    return this.chaos && this.random.chance(15) ? this.between(100, 3000) : this.between(5, 60);
  }
}

function sameReport(a: MemberReport, b: MemberReport): boolean {
  const { data, audit } = b.instances;
  return (
    a.role === b.role &&
    a.instances.data?.receivedLsn === data?.receivedLsn &&
    a.instances.audit?.receivedLsn === audit?.receivedLsn
  );
}

function configOf(shape: Shape): ClusterConfig {
  return {
    ttlMs: shape.ttlMs,
    beatMs: Math.floor(shape.ttlMs / 6),
    syncCount: shape.syncCount,
    strict: shape.strict,
    autoRejoin: shape.autoRejoin,
    account: 'model',
    publicName: 'model',
    loadBalancer: { host: 'model', api: 1, data: 2, audit: 3 },
    members: shape.nodes.map(({ name, kind }) => ({ name, kind, addresses: nowhere })),
  };
}
