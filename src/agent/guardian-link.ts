import { EventEmitter } from 'node:events';
import type { EtcdSettings } from '../coordination/etcd-settings.ts';
import type { Instant } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import type { AgentMessage, GuardianMessage } from './guardian-messages.ts';

/** How long the guardian may take to acknowledge a deadline, in milliseconds. */
const acknowledgeMs = 200;
/** A guardian that is silent for this long, and for a ttl, counts as gone. */
const silenceMs = 3000;

/** The agent's end of the channel to its guardian. */
export class GuardianLink {
  readonly events: EventEmitter<{ gone: []; stop: []; etcd: [] }> = new EventEmitter();
  #gone: boolean;
  #seq = 0;
  #askedAt = 0;
  #heardAt = performance.now();
  #stopRequested = false;
  readonly #waiting = new Map<number, () => void>();
  #etcd:
    | { readonly state: 'unknown' | 'running' }
    | { readonly state: 'ended'; readonly code: string; readonly detail: string } = {
    state: 'unknown',
  };

  constructor() {
    this.#gone = process.send === undefined || !process.connected;
    process.on('message', (message: GuardianMessage) => this.#onMessage(message));
    process.once('disconnect', () => {
      this.#gone = true;
      this.events.emit('gone');
    });
  }

  /** A guardian that has not answered for a ttl is as good as gone: it would stop nobody. */
  state(ttlMs: number): 'watching' | 'gone' {
    const silentMs = performance.now() - this.#heardAt;
    const unanswered = this.#askedAt > this.#heardAt && silentMs > Math.max(silenceMs, ttlMs);
    return this.#gone || unanswered ? 'gone' : 'watching';
  }

  /** The node was told to stop, also when that came before anybody listened. */
  get stopRequested(): boolean {
    return this.#stopRequested;
  }

  /** Once a turn: shows the guardian that the turns go on, and is shown the same. */
  ping(): void {
    if (this.#askedAt <= this.#heardAt) this.#askedAt = performance.now();
    this.#seq += 1;
    this.#send({ kind: 'ping', seq: this.#seq });
  }

  /** What the guardian last said of this node's etcd. */
  get etcd(): {
    readonly state: 'unknown' | 'running' | 'ended';
    readonly code?: string;
    readonly detail?: string;
  } {
    return this.#etcd;
  }

  announce(bootId: string): void {
    this.#send({ kind: 'boot', bootId });
  }

  startEtcd(settings: EtcdSettings): void {
    this.#etcd = { state: 'unknown' };
    this.#send({ kind: 'etcd-start', settings });
  }

  stopEtcd(): void {
    this.#send({ kind: 'etcd-stop' });
  }

  /** Tells the guardian a new deadline; true once it has it, false when it did not say so in time. */
  async hold(until: Instant | null, leaderRevision: number | null, term: number): Promise<boolean> {
    this.#seq += 1;
    const seq = this.#seq;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), acknowledgeMs);
    this.#waiting.set(seq, () => resolve(true));
    this.#send({ kind: 'authority', until, leaderRevision, term, seq });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(seq);
    }
  }

  #onMessage(message: GuardianMessage): void {
    this.#heardAt = performance.now();
    if (message.kind === 'acknowledged') this.#waiting.get(message.seq)?.();
    if (message.kind === 'stop') {
      this.#stopRequested = true;
      this.events.emit('stop');
    }
    if (message.kind === 'etcd-running') this.#etcd = { state: 'running' };
    if (message.kind === 'etcd-ended')
      this.#etcd = { state: 'ended', code: message.code, detail: message.detail };
    if (message.kind === 'etcd-running' || message.kind === 'etcd-ended') this.events.emit('etcd');
  }

  #send(message: AgentMessage): void {
    if (this.#gone) return;
    // The callback takes the error of a channel that closed meanwhile: `disconnect` tells it too.
    process.send?.(message, undefined, undefined, () => undefined);
  }
}

/** @throws Problem `usage` unless this process was started by a guardian */
export function requireGuardian(): void {
  if (process.send !== undefined) return;
  throw new Problem('usage', 'The agent is started by "holdfast node", not by itself.');
}
