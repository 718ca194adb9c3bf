import type { ChildProcess } from 'node:child_process';
import { Problem } from '../core/problem.ts';
import type { DynamicConfiguration } from './configuration.ts';
import { type KillResult, killEveryProcess } from './kill.ts';
import type { ServerOutput } from './server-output.ts';
import { type ProcessIdentity, isAlive } from '../runtime/process-facts.ts';
import { localSession, type Session } from './session.ts';
import type { InstanceSettings } from './settings.ts';
import { postmasterStatus } from './postmaster-file.ts';
import { until } from './until.ts';
import { within } from './within.ts';
import { writeDynamicConfiguration } from './write-configuration.ts';

/** How a postmaster ended. */
export interface PostmasterExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * A postmaster that this process started, from its start to its end. `startInstance` makes it; after `exited` it is of
 * no more use, and the next start makes another.
 */
export class RunningInstance {
  readonly settings: InstanceSettings;
  readonly postmaster: ProcessIdentity;
  /** Resolves as soon as the kernel reports the postmaster's end, however it ended. Backends may outlive it: `killAll`. */
  readonly exited: Promise<PostmasterExit>;
  /** For short statements: observation and control share it. Long ones take `withOwnSession`. */
  readonly session: Session;
  readonly #output: ServerOutput;
  #dynamic: DynamicConfiguration;
  #commitsWait: boolean;
  #turn: Promise<void> = Promise.resolve();
  #ended: PostmasterExit | null = null;

  constructor(
    settings: InstanceSettings,
    child: ChildProcess,
    postmaster: ProcessIdentity,
    output: ServerOutput,
    dynamic: DynamicConfiguration,
  ) {
    this.settings = settings;
    this.postmaster = postmaster;
    this.session = localSession(settings);
    this.#output = output;
    this.#dynamic = dynamic;
    this.#commitsWait = dynamic.synchronousStandbyNames !== '';
    this.exited = new Promise((resolve) => {
      const onExit = (code: number | null, signal: string | null): void => {
        this.#ended = { code, signal };
        this.session.close();
        settings.log.info({ instance: settings.name, code, signal }, 'postmaster ended');
        resolve(this.#ended);
      };
      if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
      else child.once('exit', onExit);
    });
  }

  /** How it ended, or null while it runs. */
  get ended(): PostmasterExit | null {
    return this.#ended;
  }

  get dynamic(): DynamicConfiguration {
    return this.#dynamic;
  }

  /** Whether backends are known to wait for standbys at all: required names since its start, or proven since. */
  get commitsWait(): boolean {
    return this.#commitsWait;
  }

  commitsWereSeenWaiting(): void {
    this.#commitsWait = true;
  }

  /**
   * Waits until it accepts connections: true; false when the time ended first (crash recovery, or a standby that still
   * lacks the log that makes it consistent).
   *
   * @throws Problem `instance_failed` when the postmaster ended, with its last words.
   */
  async ready(options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<boolean> {
    const look = async (): Promise<true | null> => {
      if (this.#ended !== null) throw this.#failed(this.#ended);
      return (await postmasterStatus(this.settings, this.postmaster.pid)) === 'ready' ? true : null;
    };
    return (await until(look, { ...options, everyMs: 5 })) ?? false;
  }

  /**
   * Changes parameters of the dynamic file and makes the server read it. Reloading takes effect a moment later. Changes
   * are made one after the other, each on top of those before.
   *
   * @throws Problem `command_timeout` when the disk hangs for `timeoutMs`: the change may still come, and later changes wait
   * for it.
   */
  async reconfigure(
    change: Partial<DynamicConfiguration>,
    options: { readonly timeoutMs: number },
  ): Promise<void> {
    const turn = this.#turn.then(() => this.#apply(change));
    this.#turn = turn.catch(() => undefined);
    await within(turn, options.timeoutMs, `${this.settings.name} instance: writing its configuration`);
  }

  /**
   * Ends it in order: `fast` rolls back what is open, sends the shutdown checkpoint to the standbys and ends; `immediate`
   * ends without a checkpoint. Whatever is alive after `timeoutMs` is killed.
   *
   * @returns `clean` when it ended by itself in time; the result of the kill otherwise.
   */
  async stop(
    mode: 'fast' | 'immediate',
    options: { readonly timeoutMs: number; readonly killTimeoutMs?: number },
  ): Promise<KillResult & { readonly clean: boolean }> {
    this.#signal(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    const look = (): Promise<true | null> => Promise.resolve(this.#ended === null ? null : true);
    const inTime = (await until(look, { timeoutMs: options.timeoutMs, everyMs: 5 })) !== null;
    const killed = await this.killAll({ timeoutMs: options.killTimeoutMs ?? 2000 });
    return { ...killed, clean: inTime && killed.dead && this.#ended?.code === 0 };
  }

  /** Kills the postmaster and every process of this instance, and resolves once all are seen dead, or the time ended. */
  async killAll(options: { readonly timeoutMs: number }): Promise<KillResult> {
    return killEveryProcess({ dir: this.settings.dir, postmaster: this.postmaster }, options);
  }

  async #apply(change: Partial<DynamicConfiguration>): Promise<void> {
    const next = { ...this.#dynamic, ...change };
    await writeDynamicConfiguration(this.settings, next);
    this.#dynamic = next;
    if (next.synchronousStandbyNames === '') this.#commitsWait = false;
    this.#signal('SIGHUP');
  }

  #signal(name: 'SIGHUP' | 'SIGINT' | 'SIGQUIT'): void {
    // By identity: the pid may be another process's once ours has ended.
    if (this.#ended === null && isAlive(this.postmaster)) process.kill(this.postmaster.pid, name);
  }

  #failed(exit: PostmasterExit): Problem {
    const how = exit.signal === null ? `code ${exit.code}` : exit.signal;
    return new Problem(
      'instance_failed',
      `${this.settings.name} instance: the postmaster ended with ${how}: ${this.#output.lastWords()}`,
    );
  }
}

/** Runs `work` with a session of its own, which is closed afterwards: for statements that may take long. */
export async function withOwnSession<T>(
  settings: InstanceSettings,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = localSession(settings);
  try {
    return await work(session);
  } finally {
    session.close();
  }
}
