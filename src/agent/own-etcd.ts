import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { EtcdStart } from '../coordination/etcd-settings.ts';
import { createEtcdMembership, type EtcdMember, type EtcdMembership } from '../coordination/membership.ts';
import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import type { EtcdGateway } from '../coordination/etcd-gateway.ts';
import { createEtcdStore } from '../coordination/etcd-store.ts';
import { clusterKeys } from '../core/failover/keys.ts';
import { describeError, Problem } from '../core/problem.ts';
import type { GuardianLink } from './guardian-link.ts';
import { readConfig } from './join-declare.ts';
import { etcdPeerUrl, httpsUrl, memberEtcdSettings } from './member-etcd.ts';
import type { NodeContext } from './node-context.ts';

const callMs = 2000;
const stepMs = 300;
const moveEveryMs = 5000;

/**
 * Keeps this node's etcd member going: joins as a learner, is promoted once it has caught up, and when its directory is
 * lost or it was removed, leaves by id and joins anew. All beside the turns; nothing here decides about mastership.
 */
export class OwnEtcd {
  readonly #node: NodeContext;
  readonly #guardian: GuardianLink;
  readonly #membership: EtcdMembership;
  readonly #store: ClusterStore;
  #voting = false;
  #busy = false;
  #startedAs: EtcdStart['kind'] | null = null;
  #said = '';
  #lastAt = Number.NEGATIVE_INFINITY;
  #lastMoveAt = 0;

  constructor(node: NodeContext, guardian: GuardianLink, gateway: EtcdGateway) {
    this.#node = node;
    this.#guardian = guardian;
    this.#membership = createEtcdMembership(gateway);
    this.#store = createEtcdStore(gateway);
  }

  /** Whether this node should run a member at all. */
  get wanted(): boolean {
    return this.#node.config.etcd.mode === 'own' && this.#node.config.addresses.etcdClient !== null;
  }

  /** One step, if one is due; called each turn. */
  tend(): void {
    if (!this.wanted || this.#busy || (this.#voting && this.#guardian.etcd.state === 'running')) return;
    if (performance.now() - this.#lastAt < stepMs) return;
    this.#lastAt = performance.now();
    this.#busy = true;
    void this.#step();
  }

  /**
   * Hands etcd's leadership to another voter while this node is master: if the whole node dies, the others need not elect
   * a leader of etcd before they can elect a master.
   */
  leadElsewhere(): void {
    if (!this.wanted || this.#busy || !this.#voting || performance.now() - this.#lastMoveAt < moveEveryMs)
      return;
    this.#lastMoveAt = performance.now();
    void this.#moveLeader();
  }

  async #moveLeader(): Promise<void> {
    const { host, etcdClient } = this.#node.config.addresses;
    try {
      const said = await this.#membership.status(new URL(httpsUrl(host, etcdClient ?? 0)).host, {
        timeoutMs: callMs,
      });
      if (said.leaderId !== said.memberId) return;
      const members = await this.#membership.memberList({ timeoutMs: callMs });
      const other = await this.#livingVoter(members, said.memberId);
      if (other === null) return;
      await this.#membership.moveLeader(other.id, { timeoutMs: callMs });
      this.#node.log.info(`etcd: its leadership went to ${other.name}, away from the master's node`);
    } catch (error) {
      this.#node.log.debug(`etcd: its leadership stays: ${describeError(error)}`);
    }
  }

  /** Another voter that answers now: leadership handed to a dead one stops every write until the next election. */
  async #livingVoter(members: readonly EtcdMember[], ownId: string): Promise<EtcdMember | null> {
    for (const member of members) {
      const [url] = member.clientUrls;
      if (member.id === ownId || member.learner || url === undefined) continue;
      const alive = await this.#membership.status(new URL(url).host, { timeoutMs: 500 }).catch(() => null);
      if (alive !== null && alive.leaderId !== null) return member;
    }
    return null;
  }

  async #step(): Promise<void> {
    try {
      await (this.#guardian.etcd.state === 'running' ? this.#becomeVoter() : this.#start());
    } catch (error) {
      const said = describeError(error);
      if (said !== this.#said) this.#node.log.info(`etcd: ${said}`);
      this.#said = said;
    } finally {
      this.#busy = false;
    }
  }

  async #start(): Promise<void> {
    const { etcd } = this.#guardian;
    const refused =
      etcd.state === 'ended' && (etcd.code === 'etcd_data_missing' || etcd.code === 'etcd_removed');
    if (await this.#hasData()) {
      if (!refused) return this.#launch({}, { kind: 'resume' });
      await rename(this.#node.layout.etcd, `${this.#node.layout.etcd}.removed-${Date.now()}`);
    }
    await this.#join();
  }

  /** Enters the running cluster anew: an earlier membership of this node is removed by id first. */
  async #join(): Promise<void> {
    await this.#requireDeclared();
    const members = await this.#membership.memberList({ timeoutMs: callMs });
    const own = this.#ownMember(members);
    if (own !== undefined && own.name !== '') {
      this.#node.log.warn({ id: own.id }, 'the old etcd member of this node lost its directory: removing it');
      await this.#membership.memberRemove(own.id, { timeoutMs: callMs });
    }
    if (own === undefined || own.name !== '') {
      await this.#membership.memberAddLearner([this.#peerUrl()], { timeoutMs: callMs });
    }
    const others = members.filter((m) => m.name !== '' && m.id !== own?.id);
    const initial = Object.fromEntries(others.map((m) => [m.name, m.peerUrls[0] ?? '']));
    this.#launch(initial, { kind: 'join' });
  }

  /** @throws Problem `member_unknown` where an operator removed this node: its etcd member stays out with it */
  async #requireDeclared(): Promise<void> {
    const { cluster, name } = this.#node.config;
    const { members } = (await readConfig(this.#store, clusterKeys(cluster))).value;
    if (members.some((member) => member.name === name)) return;
    throw new Problem('member_unknown', `${name} was removed from the cluster and joins etcd no more.`);
  }

  #launch(others: Readonly<Record<string, string>>, start: EtcdStart): void {
    const { config, layout } = this.#node;
    this.#startedAs = start.kind;
    this.#guardian.startEtcd(
      memberEtcdSettings(config, layout, { ...others, [config.name]: this.#peerUrl() }, start),
    );
  }

  async #becomeVoter(): Promise<void> {
    const members = await this.#membership.memberList({ timeoutMs: callMs });
    const own = this.#ownMember(members);
    if (own === undefined) return;
    if (own.learner && (await this.#membership.memberPromote(own.id, { timeoutMs: callMs })) === 'behind')
      return;
    this.#voting = true;
    this.#node.log.info({ startedAs: this.#startedAs }, 'this node is a voting etcd member');
  }

  #ownMember(members: readonly EtcdMember[]): EtcdMember | undefined {
    const { name } = this.#node.config;
    return members.find((m) => m.name === name || m.peerUrls.includes(this.#peerUrl()));
  }

  #peerUrl(): string {
    return etcdPeerUrl(this.#node.config.addresses) ?? '';
  }

  async #hasData(): Promise<boolean> {
    try {
      return (await readdir(join(this.#node.layout.etcd))).includes('member');
    } catch {
      return false; // no directory yet
    }
  }
}
