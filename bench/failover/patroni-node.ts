import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdProcess } from '../../src/coordination/etcd-server.ts';
import { killMember, memberSettings, startMember } from '../../src/coordination/testing/etcd-members.ts';
import { postgresOn } from '../../src/demo/processes.ts';
import { areGone, signalAll } from '../../src/drill/faults/processes.ts';
import { spawnDependent } from '../../src/runtime/dependent-child.ts';
import { identify } from '../../src/runtime/process-facts.ts';
import type { SystemUser } from '../../src/runtime/run-as.ts';
import type { EventName } from './contenders.ts';
import type { PatroniNode as Place } from './patroni-files.ts';
import type { PatroniSite } from './patroni-site.ts';

/** RestartSec of systemd where a unit says nothing, as Patroni's in Debian. */
const restartMs = 100;

/**
 * The processes of one node: Patroni, which starts PostgreSQL, and a member of etcd. PostgreSQL lives on without Patroni.
 */
export class PatroniNode {
  readonly place: Place;
  readonly #site: PatroniSite;
  /** Null before the start, and from a kill to the next start. */
  #agent: ChildProcess | null = null;
  #etcd: EtcdProcess | null = null;
  #stopping = false;

  constructor(site: PatroniSite, place: Place) {
    this.#site = site;
    this.place = place;
  }

  get isWhole(): boolean {
    return this.#agent !== null && this.#etcd !== null;
  }

  async startEtcd(start: 'new' | 'resume'): Promise<void> {
    if (this.#stopping || this.#etcd !== null) return;
    const { dir, members, plan, user } = this.#site;
    const own = members.find(({ name }) => name === this.place.name);
    if (own === undefined) throw new Error(`no member of etcd for ${this.place.name}`);
    this.#etcd = await startMember(memberSettings(join(dir, 'etcd'), own, members, plan.tls, start), user);
  }

  startAgent(): void {
    if (this.#stopping || this.#agent !== null) return;
    const { dir, user } = this.#site;
    const { name } = this.place;
    this.#agent = spawnLogged(join(dir, `${name}.log`), ['patroni', join(dir, name, 'patroni.yml')], user);
  }

  /** @throws Error when nothing was killed */
  async strike(event: Exclude<EventName, 'switchover'>): Promise<void> {
    const pids = await this.#victims(event);
    const victims = pids.map((pid) => identify(pid)).filter((one) => one !== null);
    signalAll(victims, 'SIGKILL');
    if (victims.length === 0 || !(await areGone(victims))) throw new Error(`${event}: nothing was killed`);
    if (event !== 'postmaster') this.#agent = null;
    if (event === 'node-etcd-on' || event === 'node-etcd-off') this.#etcd = null;
    if (event === 'agent-again') {
      await sleep(restartMs);
      this.startAgent();
    }
  }

  /** Kills Patroni and etcd, for good. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#agent?.kill('SIGKILL');
    if (this.#etcd !== null) await killMember(this.#etcd);
  }

  async #victims(event: EventName): Promise<readonly number[]> {
    const agent = this.#agent?.pid ?? 0;
    if (event === 'agent' || event === 'agent-again') return [agent];
    const { pgdata } = this.place;
    if (event !== 'postmaster') return [agent, this.#etcd?.pid ?? 0, ...(await postgresOn([pgdata]))];
    return [Number((await readFile(join(pgdata, 'postmaster.pid'), 'utf8')).split('\n')[0])];
  }
}

/** A child that ends with this process; what it prints goes to a file. */
export function spawnLogged(file: string, argv: readonly string[], runAs: SystemUser | null): ChildProcess {
  const log = openSync(file, 'a', 0o600);
  const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` };
  const child = spawnDependent(argv, { runAs, env, stdio: ['ignore', log, log] });
  closeSync(log);
  child.once('error', () => undefined); // seen by what it does not do
  return child;
}
