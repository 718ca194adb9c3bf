import { type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isPast } from '../core/clock.ts';
import type { ServingState, WorkerCommand, WorkerEvent, WorkerSettings } from '../core/serving.ts';
import type { Logger } from '../runtime/log.ts';
import { spawnDependent } from '../runtime/dependent-child.ts';
import { realClock } from '../runtime/real-clock.ts';

const restartMs = 300;

interface Worker {
  readonly child: ChildProcess;
  listening: boolean;
  obeysMono: number;
  writesUnderWay: number;
}

/** The API worker of this node: started, told what it is each turn, started again when it ends. */
export class ApiWorkers {
  readonly #settings: WorkerSettings;
  readonly #log: Logger;
  readonly #onChange: () => void;
  #worker: Worker | null = null;
  #last: ServingState | null = null;
  #changedMono = 0;
  #stopping = false;
  #restart: NodeJS.Timeout | undefined;

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

  get listening(): boolean {
    return this.#worker?.listening === true;
  }

  start(): void {
    // The same form as this file: sources run from sources, the build from the build.
    const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`../server/main.${suffix}`, import.meta.url));
    const flags = ['--max-semi-space-size=4', '--max-old-space-size=512'];
    const child = spawnDependent([process.execPath, ...flags, entry], {
      deathSignal: 'SIGKILL',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const worker: Worker = { child, listening: false, obeysMono: 0, writesUnderWay: 0 };
    this.#worker = worker;
    child.on('message', (event: WorkerEvent) => this.#onEvent(worker, event));
    child.on('error', (error) => this.#log.warn({ err: error }, 'api worker'));
    child.once('exit', (code, signal) => this.#onExit(worker, code, signal));
    this.#send({ kind: 'settings', settings: this.#settings });
    if (this.#last !== null) this.#send({ kind: 'state', state: this.#last });
  }

  /** Tells the worker what it is from now on. */
  tell(state: ServingState): void {
    const before = this.#last;
    const same =
      before !== null &&
      before.role === state.role &&
      before.writes === state.writes &&
      before.successor?.port === state.successor?.port;
    if (!same) this.#changedMono = state.sentAt.mono;
    this.#last = state;
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
      health: { ok: false, body: { ...this.#last.health.body, ok: false, message: because } },
      sentAt: realClock.now(),
    });
  }

  /** Whether what was said last still stands. */
  get current(): boolean {
    const last = this.#last;
    if (last === null) return false;
    return last.authorityUntil === null || !isPast(last.authorityUntil, realClock.now());
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

  #onEvent(worker: Worker, event: WorkerEvent): void {
    if (event.kind === 'listening') worker.listening = true;
    if (event.kind === 'obeys') {
      worker.obeysMono = event.sentAtMono;
      worker.writesUnderWay = event.writesUnderWay;
      if (this.#last?.writes === 'held') this.#onChange();
    }
  }

  #onExit(worker: Worker, code: number | null, signal: string | null): void {
    if (this.#worker === worker) this.#worker = null;
    if (this.#stopping) return;
    this.#log.warn({ code, signal }, 'the api worker ended; starting another');
    this.#restart = setTimeout(() => this.start(), restartMs);
  }

  #send(command: WorkerCommand): void {
    const child = this.#worker?.child;
    if (child?.connected === true) child.send(command, () => undefined);
  }
}
