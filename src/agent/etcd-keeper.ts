import { type EtcdProcess, startEtcd } from '../coordination/etcd-server.ts';
import type { EtcdSettings } from '../coordination/etcd-settings.ts';
import { describeError, Problem } from '../core/problem.ts';
import type { Logger } from '../runtime/log.ts';
import type { SystemUser } from '../runtime/run-as.ts';
import type { GuardianMessage } from './guardian-messages.ts';

/**
 * This node's etcd, a child of the guardian, so that it outlives an agent. What it is started with, and whether it is
 * started again, the agent says.
 */
export class EtcdKeeper {
  readonly #deps: { readonly runAs: SystemUser | null; readonly log: Logger };
  #running: EtcdProcess | null = null;
  #starting: Promise<void> | null = null;

  constructor(deps: { readonly runAs: SystemUser | null; readonly log: Logger }) {
    this.#deps = deps;
  }

  /** Starts it unless it runs; `tell` hears that it runs, and later that it ended. */
  start(settings: EtcdSettings, tell: (message: GuardianMessage) => void): void {
    this.#starting ??= this.#start(settings, tell).finally(() => {
      this.#starting = null;
    });
  }

  async stop(): Promise<void> {
    await this.#starting;
    await this.#running?.stop(5000);
    this.#running = null;
  }

  async #start(settings: EtcdSettings, tell: (message: GuardianMessage) => void): Promise<void> {
    if (this.#running !== null) return this.#watch(this.#running, tell);
    try {
      this.#running = await startEtcd(settings, this.#deps);
      this.#watch(this.#running, tell);
    } catch (error) {
      const code = error instanceof Problem ? error.code : 'etcd_failed';
      tell({ kind: 'etcd-ended', code, detail: describeError(error) });
    }
  }

  #watch(etcd: EtcdProcess, tell: (message: GuardianMessage) => void): void {
    tell({ kind: 'etcd-running' });
    void this.#tellEnd(etcd, tell);
  }

  async #tellEnd(etcd: EtcdProcess, tell: (message: GuardianMessage) => void): Promise<void> {
    const { problem } = await etcd.exited;
    if (this.#running === etcd) this.#running = null;
    tell({
      kind: 'etcd-ended',
      code: problem?.code ?? 'stopped',
      detail: problem?.detail ?? 'it was stopped',
    });
  }
}
