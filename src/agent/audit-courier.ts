import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CourierCommand, CourierEvent, CourierSettings } from '../core/courier.ts';
import type { PeerAddress } from '../core/serving.ts';
import { spawnDependent } from '../runtime/dependent-child.ts';
import type { Logger } from '../runtime/log.ts';

const firstRestartMs = 500;
const longestRestartMs = 10_000;
/** One that lived this long did not fail at its start. */
const longLifeMs = 10_000;
const endMs = 2000;

/** The process of a follower that carries audit records to the master: started, told where the master is, started again. */
export class AuditCourier {
  readonly #settings: CourierSettings;
  readonly #log: Logger;
  #child: ChildProcess | null = null;
  #master: readonly PeerAddress[] = [];
  #backlog: number | null = null;
  #restart: NodeJS.Timeout | undefined;
  #restartMs = firstRestartMs;
  #startedAt = 0;
  #stopping = false;

  constructor(settings: CourierSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /** How many records the master lacks; null: that is not known. */
  get backlog(): number | null {
    return this.#backlog;
  }

  start(): void {
    const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`../server/courier/main.${suffix}`, import.meta.url));
    const child = spawnDependent([process.execPath, '--max-old-space-size=256', entry], {
      deathSignal: 'SIGKILL',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#startedAt = performance.now();
    child.on('message', (event: CourierEvent) => {
      this.#backlog = event.records;
    });
    child.on('error', (error) => this.#log.warn({ err: error }, 'courier of audit records'));
    child.once('exit', (code, signal) => this.#onExit(child, code, signal));
    this.#send({ kind: 'master', master: this.#master });
    this.#send({ kind: 'settings', settings: this.#settings });
  }

  /** The ways to the master from now on, the best first. */
  tell(master: readonly PeerAddress[]): void {
    const same = JSON.stringify(master) === JSON.stringify(this.#master);
    this.#master = master;
    if (!same) this.#send({ kind: 'master', master });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.disconnect();
    const killer = setTimeout(() => child.kill('SIGKILL'), endMs);
    await ended;
    clearTimeout(killer);
  }

  #onExit(child: ChildProcess, code: number | null, signal: string | null): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#backlog = null;
    if (this.#stopping) return;
    const lived = performance.now() - this.#startedAt > longLifeMs;
    this.#restartMs = lived ? firstRestartMs : Math.min(this.#restartMs * 2, longestRestartMs);
    this.#log.warn({ code, signal }, 'the courier of audit records ended; starting another');
    this.#restart = setTimeout(() => this.start(), this.#restartMs);
  }

  #send(command: CourierCommand): void {
    if (this.#child?.connected === true) this.#child.send(command, () => undefined);
  }
}
