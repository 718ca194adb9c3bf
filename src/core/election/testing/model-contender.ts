import type { EventQueue } from '../../failover/testing/event-queue.ts';
import type { Random } from '../../random.ts';
import type { ElectionAction } from '../action.ts';
import { authorityUntilMs } from '../authority.ts';
import type { ElectionEvent } from '../event.ts';
import { type ElectionState, initialState } from '../state.ts';
import { step } from '../step.ts';
import type { ElectionTiming } from '../timing.ts';
import type { ModelStore } from './model-store.ts';

export interface ModelWorld {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly store: ModelStore;
  readonly timing: ElectionTiming;
  readonly ttlMs: number;
  /** One in so many calls is lost, as many answers are, and as many arrive late; 0: none. */
  trouble: number;
  readonly trace: (line: string) => void;
  readonly onLead: (contender: ModelContender, token: string) => void;
}

type Timeless<T> = T extends unknown ? Omit<T, 'nowMs'> : never;
type Happening = Timeless<ElectionEvent>;
type LockWork = Extract<ElectionAction, { readonly call: number }>;

/** One contender with its clock, its connection and its process, around the code that decides. */
export class ModelContender {
  readonly name: string;
  readonly #world: ModelWorld;
  readonly #rate: number;
  readonly #offsetMs: number;
  #state: ElectionState;
  #asleep: (() => void)[] | null = null;
  #isDead = false;
  isCut = false;
  #lockWork = 0;
  #leaveWatch: () => void = () => undefined;
  #ticks = 0;

  constructor(name: string, world: ModelWorld, rate: number) {
    this.name = name;
    this.#world = world;
    this.#rate = rate;
    this.#offsetMs = world.random.below(1_000_000);
    this.#state = initialState(this.#clock());
  }

  start(): void {
    this.happens({ kind: 'tick' });
  }

  get isLeading(): boolean {
    const until = authorityUntilMs(this.#state, this.#world.timing);
    return !this.#isDead && until !== null && this.#clock() < until;
  }

  get token(): string | null {
    return this.#state.office.kind === 'leading' ? this.#state.office.token : null;
  }

  get isDone(): boolean {
    return this.#isDead || this.#state.isDone;
  }

  get sessionId(): string | null {
    return this.#state.session?.id ?? null;
  }

  kill(): void {
    this.#isDead = true;
    this.#leaveWatch();
  }

  sleep(): void {
    this.#asleep ??= [];
  }

  /** What piled up meanwhile happens now, in any order. */
  wake(): void {
    const pending = this.#asleep ?? [];
    this.#asleep = null;
    while (pending.length > 0) {
      const [next] = pending.splice(this.#world.random.below(pending.length), 1);
      next?.();
    }
  }

  happens(event: Happening): void {
    if (this.isDone) return;
    if (this.#asleep !== null) {
      this.#asleep.push(() => this.happens(event));
      return;
    }
    const wasLeading = this.#state.office.kind === 'leading';
    const { timing, trace, queue } = this.#world;
    const result = step(this.#state, { ...event, nowMs: this.#clock() }, timing);
    this.#state = result.state;
    for (const because of result.because) trace(`${queue.now.toFixed(1)} ${this.name}: ${because}`);
    for (const action of result.actions) this.#perform(action);
    const { office } = result.state;
    if (!wasLeading && office.kind === 'leading') this.#world.onLead(this, office.token);
    this.#tickAt(result.wakeAtMs);
  }

  #clock(): number {
    return this.#offsetMs + this.#world.queue.now * this.#rate;
  }

  #tickAt(atMs: number): void {
    this.#ticks += 1;
    const tick = this.#ticks;
    if (atMs === Infinity) return;
    this.#world.queue.after(Math.max(0.01, (atMs - this.#clock()) / this.#rate), () => {
      if (tick === this.#ticks) this.happens({ kind: 'tick' });
    });
  }

  #perform(action: ElectionAction): void {
    const { store, ttlMs, random, queue } = this.#world;
    const sentAtMs = this.#clock();
    switch (action.kind) {
      case 'open':
        this.#call(() => store.open(ttlMs), {
          answered: (session) => ({ kind: 'opened', session, sentAtMs }),
          failed: { kind: 'sessionCallFailed', call: 'open', retryInMs: null },
        });
        return;
      case 'renew': {
        const { sessionId } = action;
        this.#call(() => store.renew(sessionId), {
          answered: (how) =>
            how === 'gone' ? { kind: 'gone', sessionId } : { kind: 'renewed', sessionId, sentAtMs },
          failed: { kind: 'sessionCallFailed', call: 'renew', retryInMs: null },
        });
        return;
      }
      case 'close':
        this.#call(() => store.destroy(action.sessionId), {
          answered: () => ({ kind: 'closed' }),
          failed: { kind: 'sessionCallFailed', call: 'close', retryInMs: null },
        });
        return;
      case 'watch':
      case 'acquire':
      case 'release':
        this.#performOnLock(action, sentAtMs);
        return;
      case 'depose':
        queue.after(random.below(20), () => this.happens({ kind: 'deposed' }));
        return;
      case 'lead':
      case 'finish':
        return;
    }
  }

  #performOnLock(action: LockWork, sentAtMs: number): void {
    const { store } = this.#world;
    const { call } = action;
    this.#leaveWatch();
    this.#lockWork = call;
    const failed = { kind: 'lockCallFailed', call } as const;
    if (action.kind === 'watch') this.#watch(action, sentAtMs);
    else if (action.kind === 'acquire') {
      const { sessionId, seen } = action;
      this.#call(() => store.acquire(sessionId, seen), {
        answered: (lock) =>
          lock === 'gone' ? { kind: 'gone', sessionId } : { kind: 'lockSeen', call, lock, sentAtMs },
        failed,
      });
    } else
      this.#call(() => store.release(action.sessionId), {
        answered: () => ({ kind: 'released', call }),
        failed,
      });
  }

  /** A blocking query: it may hang although the lock changes, and then answers when its time is over, or never. */
  #watch(
    { call, after, waitMs }: Extract<ElectionAction, { readonly kind: 'watch' }>,
    sentAtMs: number,
  ): void {
    const { store, queue, random, timing } = this.#world;
    const isStuck = this.#mishap();
    let isOver = false;
    const answer = (): void => {
      if (isOver || this.#lockWork !== call) return;
      isOver = true;
      leave();
      const lock = store.look();
      const happened: Happening = this.#mishap()
        ? { kind: 'lockCallFailed', call }
        : { kind: 'lockSeen', call, lock, sentAtMs };
      queue.after(1 + random.below(5), () => this.happens(happened));
    };
    const leave = store.onChange(() => {
      if (!isStuck && !this.isCut) queue.after(random.below(3), () => !this.isCut && answer());
    });
    this.#leaveWatch = leave;
    // Also a first look may be late: others may have led, and lost the lock, meanwhile.
    const lateMs = this.#mishap() ? random.below(timing.callMs / this.#rate) : 0;
    queue.after(1 + random.below(5) + lateMs, () => {
      if (!this.isCut && !isStuck && (after === null || store.look().cursor !== after.cursor)) answer();
    });
    queue.after(
      (waitMs * (1 + random.below(7) / 100)) / this.#rate,
      () => !this.isCut && !isStuck && answer(),
    );
    queue.after((waitMs + timing.callMs) / this.#rate, () => {
      if (isOver || this.#lockWork !== call) return;
      isOver = true;
      leave();
      this.happens({ kind: 'lockCallFailed', call });
    });
  }

  /** A call that may be lost on either way, or be carried out long after it was given up. */
  #call<T>(
    work: () => T,
    heard: { readonly answered: (value: T) => Happening; readonly failed: Happening },
  ): void {
    const { queue, random, timing } = this.#world;
    let isOver = false;
    const end = (event: Happening): void => {
      if (isOver) return;
      isOver = true;
      this.happens(event);
    };
    queue.after(timing.callMs / this.#rate, () => end(heard.failed));
    if (this.isCut || this.#mishap()) return;
    const lateMs = this.#mishap() ? random.below(4 * this.#world.ttlMs) : 0;
    queue.after(random.below(8) + lateMs, () => {
      const value = work();
      if (this.isCut || this.#mishap()) return;
      queue.after(1 + random.below(8), () => end(heard.answered(value)));
    });
  }

  #mishap(): boolean {
    return this.#world.trouble > 0 && this.#world.random.chance(this.#world.trouble);
  }
}
