import { instanceNames, type PerInstance, type SyncRecord } from '../cluster-state.ts';
import { holdsEveryWrite } from '../eligibility.ts';
import type { ModelInstance } from './model-instance.ts';
import { contains, type LogPlace, timelineOf } from './model-log.ts';
import type { ModelNode } from './model-node.ts';
import type { World } from './world.ts';

/** A broken promise, and when. */
export class Violation extends Error {
  readonly atMs: number;

  constructor(atMs: number, what: string) {
    super(`${what} (at ${(atMs / 1000).toFixed(3)} s)`);
    this.atMs = atMs;
  }
}

/**
 * Holds a running world to what is promised: one writer, no acknowledged write lost, no stale answer, each timeline
 * number promoted once, the last whole copy never destroyed.
 */
export class Judge {
  readonly #world: World;
  /** The last acknowledged write; every earlier one stands before it in the same log, or there was a violation. */
  readonly #last: { data: LogPlace | null; audit: LogPlace | null } = { data: null, audit: null };
  readonly #promoted: PerInstance<Set<number>> = { data: new Set(), audit: new Set() };
  /** Who holds everything by the promise: those who acknowledged last, by this judge's own account. */
  #promised: readonly string[] = [];
  acknowledgedWrites = 0;
  promotions = 0;

  constructor(world: World) {
    this.#world = world;
  }

  fail(what: string): never {
    throw new Violation(this.#world.now, what);
  }

  acknowledged(by: ModelInstance, lsn: number): void {
    this.acknowledgedWrites += 1;
    const last = this.#last[by.kind];
    if (by.ruined) this.fail(`${by.node} acknowledges a write in ${by.kind} that is half rewound`);
    if (last !== null && !contains(by.log, last)) {
      this.fail(`${by.node} acknowledges a write in ${by.kind} without an earlier acknowledged one`);
    }
    this.#onlyOneAnswers();
    // A log that was promoted while a commit waited holds it in the timeline of its place.
    const step = by.log.lineage.find((s) => s.endLsn === null || BigInt(lsn) <= s.endLsn);
    this.#last[by.kind] = { timeline: step?.timeline ?? timelineOf(by.log), lsn };
    this.holdersHold();
  }

  /** Who is listed as holding every acknowledged write does. */
  holdersHold(): void {
    const sync = this.#world.store.state.sync.value;
    for (const node of this.#world.nodes.values()) {
      if (!holdsEveryWrite(node.name, sync)) continue;
      if (instanceNames.some((name) => node.instances[name].ruined)) {
        this.fail(`${node.name} is listed as holding every acknowledged write and is half rewound`);
      }
      if (!isWhole(node) || this.#holds(node)) continue;
      this.fail(`${node.name} is listed as holding every acknowledged write and does not`);
    }
  }

  /** The synchronous set changed. */
  syncChanged(sync: SyncRecord): void {
    if (sync.standbys.length > 0) this.#promised = [sync.master, ...sync.standbys];
    else if (sync.alone) this.#promised = [sync.master];
    this.holdersHold();
  }

  /** A node took a turn. */
  decided(node: ModelNode): void {
    if (!node.answers || this.#world.edge.judgesWritesAlone === true) return;
    this.#onlyOneAnswers();
    const up = instanceNames.every((name) => node.instances[name].up);
    if (up && !this.#holds(node)) this.fail(`${node.name} answers as master without an acknowledged write`);
  }

  promoted(instance: ModelInstance): void {
    this.promotions += 1;
    const timeline = timelineOf(instance.log);
    const seen = this.#promoted[instance.kind];
    if (seen.has(timeline)) this.fail(`timeline ${timeline} of ${instance.kind} was promoted onto twice`);
    seen.add(timeline);
    const planned = this.#world.store.state.history.some(
      ({ value }) => value.to === instance.node && value.timelines[instance.kind] === timeline,
    );
    if (!planned)
      this.fail(
        `${instance.node} promoted ${instance.kind} onto timeline ${timeline}, which was not planned`,
      );
  }

  /** What `node` has is about to be overwritten in place. */
  destroys(node: ModelNode, instance: ModelInstance): void {
    const last = this.#last[instance.kind];
    if (last === null) return;
    const elsewhere = [...this.#world.nodes.values()].some(
      (other) => other !== node && isWhole(other) && other.instances[instance.kind].keeps(last),
    );
    if (instance.keeps(last) && !elsewhere)
      this.fail(`${node.name} destroys the last copy of ${instance.kind}`);
    if (holdsEveryWrite(node.name, this.#world.store.state.sync.value) && instance.keeps(last)) {
      this.fail(`${node.name} rewinds although it is listed as holding every acknowledged write`);
    }
  }

  /** An operator accepted the loss of what `winner` does not have. */
  forgive(winner: ModelNode): void {
    for (const name of instanceNames) {
      const last = this.#last[name];
      const { log } = winner.instances[name];
      if (last !== null && !contains(log, last)) this.#last[name] = null;
    }
    this.#promised = [winner.name];
  }

  /** Whether some node other than `node`, one of those who acknowledged last, holds everything, whole. */
  anotherHolds(node: ModelNode): boolean {
    return [...this.#world.nodes.values()].some(
      (other) =>
        other !== node && isWhole(other) && this.#promised.includes(other.name) && this.#holds(other),
    );
  }

  holdsAll(node: ModelNode): boolean {
    return this.#holds(node);
  }

  #onlyOneAnswers(): void {
    if (this.#world.edge.judgesWritesAlone === true) return;
    let first: string | null = null;
    for (const node of this.#world.nodes.values()) {
      if (!node.answers) continue;
      if (first !== null) this.fail(`${first} and ${node.name} both answer as master`);
      first = node.name;
    }
  }

  #holds(node: ModelNode): boolean {
    const { data, audit } = this.#last;
    return (
      (data === null || node.instances.data.keeps(data)) &&
      (audit === null || node.instances.audit.keeps(audit))
    );
  }
}

function isWhole(node: ModelNode): boolean {
  if (node.copyNeeded || node.kind === 'follower') return false;
  return instanceNames.every((name) => node.instances[name].present && !node.instances[name].ruined);
}
