import { readFile, statfs } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ClusterState } from '../core/failover/cluster-state.ts';
import { instanceNames } from '../core/failover/cluster-state.ts';
import type { Lsn } from '../core/lsn.ts';
import { describeError } from '../core/problem.ts';
import { describeCertificate } from '../identity/certificate.ts';
import { settleSlots, slotName } from '../instance/slots.ts';
import type { AgentState } from './agent-state.ts';

const everyMs = 2000;
/** A master whose certificate ends within this time hands over. */
const certificateMinimumHours = 24;
/** Below this much free space a master hands over. */
const diskMinimumBytes = 64 * 1024 * 1024;

/** What is kept in order beside the turns: replication slots, and what makes this node a bad master. */
export class Upkeep {
  readonly #state: AgentState;
  #busy = false;
  #lastAt = 0;
  #members = '';

  constructor(state: AgentState) {
    this.#state = state;
  }

  /** Called each turn; does its work at most every two seconds, or at once when the members changed. */
  tend(cluster: ClusterState | null): void {
    const members = cluster?.config.value.members.map((m) => m.name).join(',') ?? this.#members;
    const due = performance.now() - this.#lastAt >= everyMs || members !== this.#members;
    if (this.#busy || !due) return;
    this.#busy = true;
    this.#lastAt = performance.now();
    this.#members = members;
    void this.#tend(cluster);
  }

  async #tend(cluster: ClusterState | null): Promise<void> {
    const { log } = this.#state.node;
    try {
      const { layout, config } = this.#state.node;
      const certificates = [
        layout.tls.cert,
        ...(config.etcd.mode === 'external' ? [layout.etcdTls.cert] : []),
      ];
      this.#note((await diskAilment(layout.dir)) ?? (await certificateAilment(certificates)));
      if (cluster !== null && this.#state.node.config.kind !== 'follower') await this.#settleSlots(cluster);
    } catch (error) {
      log.debug({ err: error }, `upkeep: ${describeError(error)}`);
    } finally {
      this.#busy = false;
    }
  }

  #note(ailment: string | null): void {
    const { log } = this.#state.node;
    const before = this.#state.ailment;
    this.#state.ailment = ailment;
    if (ailment !== null && before === null) log.warn(`this node is unfit to be master: ${ailment}`);
    if (ailment === null && before !== null) log.info('this node is fit to be master again');
  }

  /** A slot for every other member on every candidate: whoever is promoted has them already. */
  async #settleSlots(cluster: ClusterState): Promise<void> {
    const own = this.#state.node.config.name;
    const others = cluster.config.value.members.filter((m) => m.name !== own);
    for (const instance of instanceNames) {
      const { running } = this.#state.instances.slot(instance);
      if (running === null || running.ended !== null) continue;
      const users = others.filter((m) => instance === 'data' || m.kind !== 'follower');
      const advanceTo: Record<string, Lsn> = {};
      for (const member of users) {
        const lsn = cluster.members.get(member.name)?.value.instances[instance]?.receivedLsn;
        if (lsn !== undefined && lsn !== null) advanceTo[slotName(member.name)] = lsn;
      }
      const changes = await settleSlots(
        running,
        { names: users.map((m) => slotName(m.name)), advanceTo },
        { timeoutMs: 2000 },
      );
      if (changes.lost.length > 0) {
        this.#state.node.log.warn(
          { instance, lost: changes.lost },
          'slots lost their log: their users need a new copy',
        );
      }
    }
  }
}

async function diskAilment(dir: string): Promise<string | null> {
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  return free < diskMinimumBytes ? `only ${Math.round(free / 1024 / 1024)} MB of disk are free` : null;
}

/** A certificate that is about to end takes every connection with it. */
async function certificateAilment(files: readonly string[]): Promise<string | null> {
  for (const file of files) {
    const { notAfter } = describeCertificate(await readFile(file, 'utf8'));
    const hours = (notAfter.getTime() - Date.now()) / 3_600_000;
    if (hours <= certificateMinimumHours)
      return `${basename(file)} of this node ends at ${notAfter.toISOString()}`;
  }
  return null;
}
