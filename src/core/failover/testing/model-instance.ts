import type { InstanceName } from '../cluster-state.ts';
import { placeholderName } from '../eligibility.ts';
import type { Edge } from './edge.ts';
import { contains, isBeginningOf, type LogContent, promotedTo } from './model-log.ts';

/** What a model instance needs of the world around it. */
export interface Surroundings {
  readonly edge: Edge;
  readonly after: (ms: number, run: () => void) => void;
  /** A whole number from `from` to `to`. */
  readonly between: (from: number, to: number) => number;
  readonly reachable: (a: string, b: string) => boolean;
  /** How long log is on its way to a node, in milliseconds. */
  readonly lagTo: (node: string) => number;
  /** Where a connection string leads now. */
  readonly resolve: (target: string, kind: InstanceName) => ModelInstance | null;
  /** A session of this instance heard that everything up to `lsn` is committed as required. */
  readonly acknowledged: (by: ModelInstance, lsn: number) => void;
}

/** One replication connection. */
interface Link {
  readonly source: ModelInstance;
  readonly replica: ModelInstance;
  open: boolean;
  /** Log is on its way. */
  busy: boolean;
  /** What the replica said that it has flushed, as the source heard it; null before it said anything. */
  flush: number | null;
  /** What it said while nobody could hear it. */
  unheard: number | null;
}

/**
 * One PostgreSQL instance: its log, whom it streams from and to, and whose word a commit waits for. `FIRST n` of exactly n
 * names, so every name counts. A name is heard only over a live connection of this very process.
 */
export class ModelInstance {
  readonly node: string;
  readonly kind: InstanceName;
  readonly #world: Surroundings;
  log: LogContent;
  present = true;
  /** Half rewound: nothing may start on it. */
  ruined = false;
  /** What it would need next is kept nowhere any more (a lost slot): only a copy helps. */
  logLost = false;
  /** What it needs to run is broken on disk: it ends right after each start, until it is copied. */
  broken = false;
  earlyEnds = 0;
  /** A copy that was not seen streaming yet. */
  unproven = false;
  up = false;
  starting = false;
  /** Rewound: it lets nobody in before it has streamed from somebody. */
  needsLog = false;
  /** Stopped processes: the postmaster alone (its sessions live on), or all. */
  frozen: 'no' | 'postmaster' | 'all' = 'no';
  recovery = true;
  /** Which life of the agent started it. */
  life = 0;
  /** Counts its starts. */
  process = 0;
  primary: string | null = null;
  /** What every sender and backend obeys. */
  names: readonly string[] = [placeholderName];
  /** Whether the agent saw its last change in effect everywhere. */
  namesKnown = true;
  wantedNames: readonly string[] = [placeholderName];
  #upstream: Link | null = null;
  #downstream: Link[] = [];
  /** Ends of the commits that wait, rising. */
  #pending: number[] = [];
  #attempt = 0;

  constructor(node: string, kind: InstanceName, log: LogContent, world: Surroundings) {
    this.node = node;
    this.kind = kind;
    this.log = log;
    this.#world = world;
  }

  get receiving(): boolean {
    return this.#upstream !== null;
  }

  get replicas(): readonly Readonly<Link>[] {
    return this.#downstream;
  }

  get waiting(): number {
    return this.#pending.length;
  }

  start(life: number, readWrite: boolean): void {
    this.up = true;
    this.process += 1;
    this.frozen = 'no';
    this.life = life;
    this.recovery = !readWrite;
    this.primary = null;
    this.names = this.wantedNames = readWrite ? [] : [placeholderName];
    this.namesKnown = true;
  }

  /** Every process is gone; commits that waited are in the log, and nobody was told. */
  die(): void {
    this.up = false;
    this.starting = false;
    this.frozen = 'no';
    this.primary = null;
    this.#attempt += 1;
    this.#pending = [];
    if (this.#upstream !== null) this.#close(this.#upstream);
    for (const link of this.#downstream.slice()) this.#close(link);
  }

  /** A clean stop writes its own record and, where somebody streams, waits until it is there. */
  beginStop(): void {
    this.#pending = [];
    if (!this.recovery && this.frozen === 'no') this.append();
  }

  get drained(): boolean {
    return this.#downstream.every((link) => (link.flush ?? 0) >= this.log.lsn || this.#stalled(link));
  }

  append(): void {
    this.log = { lineage: this.log.lineage, lsn: this.log.lsn + 1 };
    for (const link of this.#downstream) this.#kick(link);
  }

  /** A commit; acknowledged through `acknowledged`, at once or later or never. */
  commit(): void {
    this.append();
    this.#pending.push(this.log.lsn);
    this.#release();
  }

  /** A reload reaches each process at its own time; `seen` tells when the last has it. */
  require(names: readonly string[], seen: () => void): void {
    this.wantedNames = names;
    this.namesKnown = false;
    this.#world.after(this.#world.between(1, 25), () => {
      if (!this.up || this.frozen === 'all' || this.wantedNames !== names) return;
      this.#adopt();
      this.namesKnown = true;
      seen();
    });
  }

  #adopt(): void {
    this.names = this.wantedNames;
    this.#release();
  }

  promote(timeline: number): void {
    this.log = promotedTo(this.log, timeline);
    this.recovery = false;
    this.#attempt += 1;
    this.primary = null;
    if (this.#upstream !== null) this.#close(this.#upstream);
    for (const link of this.#downstream) this.#kick(link);
  }

  follow(target: string): void {
    if (this.primary === target && this.#upstream !== null) return;
    this.primary = target;
    if (this.#upstream !== null) this.#close(this.#upstream);
    this.#connectIn(this.#world.between(2, 40));
  }

  /** The connection string is emptied now; the receiver ends `ms` later. */
  detach(ms: number): void {
    this.primary = null;
    this.#attempt += 1;
    const link = this.#world.edge.keepsReceivers === true ? null : this.#upstream;
    if (link !== null) this.#world.after(ms, () => this.primary === null && this.#close(link));
  }

  freeze(what: 'postmaster' | 'all'): void {
    if (this.up) this.frozen = what;
  }

  thaw(): void {
    if (this.frozen === 'no') return;
    this.frozen = 'no';
    if (!this.up) return;
    this.#adopt();
    this.resume();
    if (this.primary !== null && this.#upstream === null) this.#connectIn(10);
  }

  /** Something that held connections up is over. */
  resume(): void {
    for (const link of this.#upstream === null ? this.#downstream : [...this.#downstream, this.#upstream]) {
      if (this.#stalled(link)) continue;
      if (link.unheard !== null) this.#hear(link, link.unheard);
      this.#kick(link);
    }
  }

  /** The connection to the source breaks. */
  dropLinks(): void {
    if (this.#upstream !== null) this.#close(this.#upstream);
  }

  /** Ends the connections that nothing passes through any more. */
  dropStalled(): void {
    const links = this.#upstream === null ? this.#downstream.slice() : [...this.#downstream, this.#upstream];
    for (const link of links) if (this.#stalled(link)) this.#close(link);
  }

  #stalled(link: Link): boolean {
    if (link.source.frozen === 'all' || link.replica.frozen === 'all') return true;
    return !this.#world.reachable(link.source.node, link.replica.node);
  }

  #connectIn(ms: number): void {
    const attempt = ++this.#attempt;
    this.#world.after(ms, () => {
      if (attempt !== this.#attempt || !this.up || this.primary === null || this.#upstream !== null) return;
      const source = this.#world.resolve(this.primary, this.kind);
      if (
        source === null ||
        source === this ||
        !source.up ||
        this.frozen !== 'no' ||
        !this.#welcome(source)
      ) {
        this.#connectIn(this.#world.between(150, 700));
        return;
      }
      const link: Link = { source, replica: this, open: true, busy: false, flush: null, unheard: null };
      this.#upstream = link;
      this.needsLog = false; // it has the log now, whoever looks
      source.#downstream.push(link);
      this.#world.after(1, () => this.#hear(link, this.log.lsn));
      this.#kick(link);
    });
  }

  #welcome(source: ModelInstance): boolean {
    return (
      !this.logLost &&
      source.frozen === 'no' &&
      this.#world.reachable(this.node, source.node) &&
      isBeginningOf(this.log, source.log)
    );
  }

  #kick(link: Link): void {
    const { source, replica } = link;
    if (link.busy || !link.open || source.log.lsn === replica.log.lsn || this.#stalled(link)) return;
    link.busy = true;
    const sent = source.log;
    this.#world.after(this.#world.lagTo(replica.node), () => {
      link.busy = false;
      if (!link.open || this.#stalled(link)) return;
      replica.log = sent;
      this.#world.after(this.#world.between(0, 4), () => this.#hear(link, sent.lsn));
      for (const next of replica.#downstream) this.#kick(next);
      this.#kick(link);
    });
  }

  #hear(link: Link, lsn: number): void {
    if (!link.open) return;
    if (this.#stalled(link)) {
      link.unheard = Math.max(lsn, link.unheard ?? 0);
      return;
    }
    link.unheard = null;
    link.flush = Math.max(lsn, link.flush ?? 0);
    link.source.#release();
  }

  #close(link: Link): void {
    if (!link.open) return;
    link.open = false;
    const { source, replica } = link;
    source.#downstream = source.#downstream.filter((other) => other !== link);
    if (replica.#upstream === link) replica.#upstream = null;
    this.needsLog = false; // it has the log now, whoever looks
    if (replica.up && replica.primary !== null) replica.#connectIn(this.#world.between(20, 400));
  }

  #release(): void {
    if (this.#pending.length === 0 || this.frozen === 'all') return;
    const safe = this.#confirmedUpTo();
    while (this.#pending.length > 0 && (this.#pending[0] ?? Infinity) <= safe) {
      const lsn = this.#pending.shift();
      if (lsn !== undefined) this.#world.acknowledged(this, lsn);
    }
  }

  #confirmedUpTo(): number {
    const { edge } = this.#world;
    if (edge.hearsAnybody === true && this.#downstream.length > 0) {
      return Math.max(...this.#downstream.map((link) => link.flush ?? -1));
    }
    let safe = Infinity;
    for (const name of this.names) {
      if (edge.knowsPlaceholder === true && name === placeholderName) continue;
      const link = this.#downstream.find((candidate) => candidate.replica.node === name);
      safe = Math.min(safe, link?.flush ?? -1);
    }
    return safe;
  }

  /** Whether what was written at `place` is still on this disk, whole. */
  keeps(place: { readonly timeline: number; readonly lsn: number }): boolean {
    return this.present && !this.ruined && contains(this.log, place);
  }
}
