import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { KeeperCommand, KeeperDuty, KeeperReport, KeeperSettings } from '../core/audit-keeper.ts';
import { spawnDependent } from '../runtime/dependent-child.ts';
import type { Logger } from '../runtime/log.ts';

const firstRestartMs = 500;
const longestRestartMs = 10_000;
/** One that lived this long did not fail at its start. */
const longLifeMs = 10_000;
const endMs = 2000;

/** The process that looks after this node's audit trail: started when there is something to do, told what, started again. */
export class AuditKeeper {
  readonly #settings: KeeperSettings;
  readonly #log: Logger;
  #child: ChildProcess | null = null;
  #duty: KeeperDuty = { role: 'none' };
  #report: KeeperReport | null = null;
  #restart: NodeJS.Timeout | undefined;
  #restartMs = firstRestartMs;
  #startedAt = 0;
  #stopping = false;

  constructor(settings: KeeperSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /** How the trail of a follower stands; null: that is not known. */
  get report(): KeeperReport | null {
    return this.#report;
  }

  /** What is to be done from now on. */
  take(duty: KeeperDuty): void {
    const same = JSON.stringify(duty) === JSON.stringify(this.#duty);
    this.#duty = duty;
    if (this.#child === null && this.#restart === undefined && duty.role !== 'none') this.#start();
    else if (!same) this.#send({ kind: 'duty', duty });
  }

  #start(): void {
    const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`../server/keeper/main.${suffix}`, import.meta.url));
    const child = spawnDependent([process.execPath, '--max-old-space-size=256', entry], {
      deathSignal: 'SIGKILL',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#startedAt = performance.now();
    child.on('message', (report: KeeperReport) => {
      this.#report = report;
    });
    child.on('error', (error) => this.#log.warn({ err: error }, 'keeper of the audit trail'));
    child.once('exit', (code, signal) => this.#onExit(child, code, signal));
    this.#send({ kind: 'duty', duty: this.#duty });
    this.#send({ kind: 'settings', settings: this.#settings });
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
    this.#report = null;
    if (this.#stopping) return;
    const lived = performance.now() - this.#startedAt > longLifeMs;
    this.#restartMs = lived ? firstRestartMs : Math.min(this.#restartMs * 2, longestRestartMs);
    this.#log.warn({ code, signal }, 'the keeper of the audit trail ended; starting another');
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      this.#start();
    }, this.#restartMs);
  }

  #send(command: KeeperCommand): void {
    if (this.#child?.connected === true) this.#child.send(command, () => undefined);
  }
}
