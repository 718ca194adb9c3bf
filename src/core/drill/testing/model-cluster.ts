import type { Random } from '../../random.ts';

/** A row of the log. */
interface Row {
  readonly key: string;
  readonly version: number;
}

/** What a follower is at a moment: where it stands in the log that it follows. */
export interface ModelFollower {
  readonly name: string;
  readonly isServing: boolean;
  readonly shows: (key: string) => number | null;
}

/**
 * A cluster that keeps the promises, as plainly as can be said, turned step by step: one log; a row is in it at once, and
 * confirmed later; masters show confirmed rows only, followers whatever they have received. A failover takes over all that is
 * confirmed and any part of the rest.
 */
export class ModelCluster {
  readonly candidates: readonly string[] = ['a', 'b', 'c'];
  readonly #random: Random;
  #log: Row[] = [];
  #confirmed = 0;
  #term = 1;
  #master: string | null = 'a';
  /** Has handed over and passes writes on. */
  #relay: string | null = null;
  #downUntil = 0;
  #next: string = 'a';
  #now = 0;
  readonly #follower = { at: 0, servesFrom: 0 };

  constructor(random: Random) {
    this.#random = random;
  }

  get master(): string | null {
    return this.#master;
  }

  get term(): number {
    return this.#term;
  }

  /** Whether a request to this node reaches a master. */
  leadsOn(node: string): boolean {
    return this.#master !== null && (node === this.#master || node === this.#relay);
  }

  /** Takes a write, unless another of the key is not confirmed yet: then it waits, as for a row lock. */
  append(row: Row): boolean {
    const isLocked = this.#log.slice(this.#confirmed).some(({ key }) => key === row.key);
    if (this.#master === null || isLocked) return false;
    this.#log.push(row);
    return true;
  }

  isConfirmed({ key, version }: Row): boolean {
    const at = this.#log.findIndex((row) => row.key === key && row.version === version);
    return at !== -1 && at < this.#confirmed;
  }

  /** Newest last. */
  confirmedOf(key: string): readonly number[] {
    return this.#log
      .slice(0, this.#confirmed)
      .filter((row) => row.key === key)
      .map(({ version }) => version);
  }

  get follower(): ModelFollower {
    const shown = this.#log.slice(0, this.#follower.at);
    return {
      name: 'f',
      isServing: this.#now >= this.#follower.servesFrom,
      shows: (key) => shown.findLast((row) => row.key === key)?.version ?? null,
    };
  }

  /** One millisecond. */
  turn(now: number): void {
    this.#now = now;
    if (this.#master === null && now >= this.#downUntil) {
      this.#master = this.#next;
      this.#confirmed = this.#log.length;
    }
    if (this.#master !== null && this.#confirmed < this.#log.length && this.#random.chance(3)) {
      this.#confirmed += 1 + this.#random.below(this.#log.length - this.#confirmed);
    }
    const { at } = this.#follower;
    if (at < this.#log.length && this.#random.chance(4))
      this.#follower.at = at + 1 + this.#random.below(this.#log.length - at);
  }

  /** The master dies, or (`planned`) hands over when everything is confirmed. It may be elected anew. */
  failOver(planned: boolean): void {
    if (this.#master === null) return;
    if (planned) this.#confirmed = this.#log.length;
    const survives = this.#confirmed + this.#random.below(this.#log.length - this.#confirmed + 1);
    this.#log = this.#log.slice(0, survives);
    this.#relay = planned ? this.#master : null;
    this.#next = this.#random.pick(this.candidates);
    this.#master = null;
    this.#term += 1;
    this.#downUntil = this.#now + 1 + this.#random.below(40);
    // A follower ahead of the new master is rewound: it is away for a moment, and may have less than it showed.
    if (this.#follower.at > survives) this.restartFollower();
  }

  /** It serves nobody for a moment, and comes back with less than it had. */
  restartFollower(): void {
    const most = Math.min(this.#follower.at, this.#log.length);
    this.#follower.at = this.#random.below(most + 1);
    this.#follower.servesFrom = this.#now + 30 + this.#random.below(30);
  }

  /** Confirms everything; the cluster is whole. */
  settle(): void {
    this.#master ??= this.#next;
    this.#confirmed = this.#log.length;
  }
}
