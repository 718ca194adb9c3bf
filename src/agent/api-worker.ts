import { type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ServingState, WorkerCommand, WorkerEvent, WorkerSettings } from '../core/serving.ts';
import type { Logger } from '../runtime/log.ts';
import { spawnDependent } from '../runtime/dependent-child.ts';
import { identify, isStopped, type ProcessIdentity } from '../runtime/process-facts.ts';
import { realClock } from '../runtime/real-clock.ts';
import { workerFlags } from './worker-flags.ts';

const firstRestartMs = 100;
const longestRestartMs = 5000;
/** A worker that lived this long did not fail at its start. */
const longLifeMs = 10_000;
/** A worker that echoes nothing for this long hangs. */
const hangLimitMs = 2000;
/** A node whose API nobody serves for this long should not be master. */
const deafLimitMs = 8000;

interface Life {
  readonly child: ChildProcess;
  readonly identity: ProcessIdentity | null;
  readonly startedAt: number;
  listening: boolean;
  obeysMono: number;
  writesUnderWay: number;
  /** Since when something that was said has found no echo; null: everything has. */
  unansweredSince: number | null;
}

/** One API worker of this node: started, told what it is each turn, killed when it hangs, started again when it ends. */
export class ApiWorker {
  readonly #settings: WorkerSettings;
  readonly #log: Logger;
  readonly #onChange: () => void;
  #worker: Life | null = null;
  #last: ServingState | null = null;
  #changedMono = 0;
  #stopping = false;
  #restart: NodeJS.Timeout | undefined;
  #restartMs = firstRestartMs;
  #deafSince: number | null = null;

  constructor(settings: WorkerSettings, log: Logger, onChange: () => void) {
    this.#settings = settings;
    this.#log = log;
    this.#onChange = onChange;
  }

  /** The worker has taken over the last change of what it is told (nobody to obey: nothing is served). */
  get obeying(): boolean {
    return this.#worker === null || this.#worker.obeysMono >= this.#changedMono;
  }

  get writesUnderWay(): number {
    return this.#worker?.writesUnderWay ?? 0;
  }

  /** Nobody has listened for the clients of this node for a while. */
  get ailment(): string | null {
    const deaf = this.#deafSince !== null && performance.now() - this.#deafSince > deafLimitMs;
    return deaf ? 'the API worker does not run' : null;
  }

  start(): void {
    this.#deafSince ??= performance.now();
    // The same form as this file: sources run from sources, the build from the build.
    const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`../server/main.${suffix}`, import.meta.url));
    const child = spawnDependent([process.execPath, ...workerFlags, entry], {
      deathSignal: 'SIGKILL',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const worker: Life = {
      child,
      identity: child.pid === undefined ? null : identify(child.pid),
      startedAt: performance.now(),
      listening: false,
      obeysMono: 0,
      writesUnderWay: 0,
      unansweredSince: null,
    };
    this.#worker = worker;
    child.on('message', (event: WorkerEvent) => this.#onEvent(worker, event));
    child.on('error', (error) => {
      this.#log.warn({ err: error }, 'api worker');
      if (child.pid === undefined) this.#onExit(worker, null, null);
    });
    child.once('exit', (code, signal) => this.#onExit(worker, code, signal));
    this.#send({ kind: 'settings', settings: this.#settings });
    if (this.#last !== null) this.#send({ kind: 'state', state: this.#last });
  }

  /** Tells the worker what it is from now on, and kills one that has not echoed for too long. */
  tell(state: ServingState): void {
    const before = this.#last;
    const same =
      before !== null &&
      before.role === state.role &&
      before.writes === state.writes &&
      before.successor?.host === state.successor?.host &&
      before.successor?.port === state.successor?.port;
    if (!same) this.#changedMono = state.sentAt.mono;
    this.#last = state;
    const worker = this.#worker;
    if (worker === null) return;
    if (worker.listening) worker.unansweredSince ??= performance.now();
    const silentMs = worker.unansweredSince === null ? 0 : performance.now() - worker.unansweredSince;
    // One that was stopped by a signal need not be waited for: it answers nobody.
    const stopped = worker.identity !== null && isStopped(worker.identity);
    if (silentMs > hangLimitMs || stopped) {
      this.#log.error(`the api worker ${stopped ? 'was stopped (SIGSTOP)' : 'hangs'}: killing it`);
      worker.child.kill('SIGKILL');
      return;
    }
    this.#send({ kind: 'state', state });
  }

  /** At once, outside any turn: serve nobody. */
  closeAll(because: string, writes: 'closed' | 'held'): void {
    if (this.#last === null) return;
    this.tell({
      ...this.#last,
      role: 'starting',
      authorityUntil: null,
      writes,
      replicationOpen: false,
      because,
      health: { ok: writes === 'held', body: { ...this.#last.health.body, message: because } },
      sentAt: realClock.now(),
    });
  }

  /** Waits until the worker obeys what it was told last; one that does not within `limitMs` is killed and seen dead. */
  async obeyOrDie(limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    while (!this.obeying && performance.now() < end) await sleep(2);
    const worker = this.#worker;
    if (worker === null || this.obeying) return;
    const ended = new Promise<void>((resolve) => worker.child.once('exit', () => resolve()));
    worker.child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === null) return;
    const ended = new Promise<void>((resolve) => worker.child.once('exit', () => resolve()));
    worker.child.disconnect();
    const killer = setTimeout(() => worker.child.kill('SIGKILL'), 2000);
    await ended;
    clearTimeout(killer);
  }

  #onEvent(worker: Life, event: WorkerEvent): void {
    if (event.kind === 'listening') {
      worker.listening = true;
      this.#deafSince = null;
      return;
    }
    const before = this.#obedience();
    worker.obeysMono = event.sentAtMono;
    worker.writesUnderWay = event.writesUnderWay;
    worker.unansweredSince = null;
    // Only what a hand-over waits for: each turn is echoed, and an echo that rang for a turn would never end.
    if (this.#last?.writes === 'held' && this.#obedience() !== before) this.#onChange();
  }

  #obedience(): string {
    return `${this.obeying} ${this.writesUnderWay > 0}`;
  }

  #onExit(worker: Life, code: number | null, signal: string | null): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    if (this.#stopping) return;
    this.#deafSince ??= performance.now();
    const lived = performance.now() - worker.startedAt > longLifeMs;
    this.#restartMs = lived ? firstRestartMs : Math.min(this.#restartMs * 2, longestRestartMs);
    this.#log.warn({ code, signal }, 'the api worker ended; starting another');
    this.#restart = setTimeout(() => this.start(), this.#restartMs);
  }

  #send(command: WorkerCommand): void {
    const child = this.#worker?.child;
    if (child?.connected === true) child.send(command, () => undefined);
  }
}
