import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Problem } from '../core/problem.ts';
import { childEnvironment } from './product.ts';
import { rememberAs, type KnownProcess } from './processes.ts';

export interface SupervisedOptions {
  readonly name: string;
  readonly argv: readonly string[];
  /** What it finds around it besides what every child does. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Standard output and error are appended here. */
  readonly log: string;
  /** Milliseconds until it is started again once dead; null: never. */
  readonly respawnMs: number | null;
  /** Told when it has started and when it has ended. */
  readonly onChange: () => void;
}

/**
 * A long-running process of the demo, leader of a group of its own.
 *
 * States: idle → alive ⇄ dead (started again after a while) → released, in which it is not started any more.
 */
export class Supervised {
  readonly name: string;
  readonly #options: SupervisedOptions;
  #child: ChildProcess | null = null;
  #known: KnownProcess | null = null;
  #respawn: NodeJS.Timeout | null = null;
  #released = false;
  #startedAt = 0;

  constructor(options: SupervisedOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** The last life of the process; null before the first. */
  get known(): KnownProcess | null {
    return this.#known;
  }

  get isAlive(): boolean {
    return this.#child !== null;
  }

  /** When its present or last life began, as `performance.now()` counts. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** @throws Problem `missing_binary`, `command_failed` when it could not even be started */
  async start(): Promise<void> {
    const { name, argv, environment, log, onChange } = this.#options;
    const [program = '', ...args] = argv;
    const output = openSync(log, 'a', 0o600);
    const child = spawn(program, args, {
      stdio: ['ignore', output, output],
      env: { ...childEnvironment(), ...environment },
      cwd: '/',
      detached: true,
    });
    closeSync(output);
    try {
      await once(child, 'spawn');
    } catch (cause) {
      throw new Problem('missing_binary', `${program} could not be started for ${name}.`, { cause });
    }
    this.#startedAt = performance.now();
    this.#child = child;
    child.once('exit', () => this.#ended());
    this.#known = rememberAs(name, child.pid ?? 0) ?? { name, pid: child.pid ?? 0, startTicks: 0 };
    if (child.exitCode !== null || child.signalCode !== null) this.#child = null;
    onChange();
  }

  /** From now on it is not started again. */
  release(): void {
    this.#released = true;
    if (this.#respawn !== null) clearTimeout(this.#respawn);
  }

  #ended(): void {
    this.#child = null;
    const { respawnMs, onChange } = this.#options;
    if (respawnMs !== null && !this.#released) {
      // Should it not start (no memory, say), the next attempt comes as if it had died again.
      this.#respawn = setTimeout(() => void this.start().catch(() => this.#ended()), respawnMs);
    }
    onChange();
  }
}
