import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { writeFileAtomically } from '../runtime/files.ts';
import type { DemoArguments } from './arguments.ts';
import { describeDemo, type LiveNode } from './demo-file.ts';
import { type DemoRecord, writeRecord, writeRunning } from './directory.ts';
import { withClock } from './fake-clocks.ts';
import { type HealthProbe, observe, probeHealth } from './health.ts';
import { inNamespace } from './network-plan.ts';
import { newsOf } from './news.ts';
import type { DemoPlan, PlannedNode } from './plan.ts';
import { rememberAs, type KnownProcess } from './processes.ts';
import { holdfast } from './product.ts';
import { type Observation, settleRoles } from './roles.ts';
import { serially } from './serial.ts';
import { Supervised } from './supervised.ts';
import { until } from './until.ts';

/** How often each node is asked what it is, and how long it may take to say so. Milliseconds. */
const pollMs = 200;
const answerMs = 1000;

/**
 * A demo that runs: its processes, what was last heard of each, and the files that tell others about it.
 *
 * `demo.json` is written from `publish()` on; `processes.json` always, so that whatever happens to this process, another
 * one can stop what it started.
 */
export class Site {
  readonly plan: DemoPlan;
  readonly nodes: ReadonlyMap<string, Supervised>;
  readonly haproxy: Supervised;
  #record: DemoRecord;
  readonly #inTurn = serially();
  readonly #seen = new Map<string, Observation>();
  #self: KnownProcess | null = null;
  #published: string | null = null;
  #publishing = false;
  #told: ReadonlyMap<string, LiveNode> = new Map();
  #onNews: ((sentence: string) => void) | null = null;

  constructor(
    plan: DemoPlan,
    record: DemoRecord,
    { respawnMs, settings: environment }: Pick<DemoArguments, 'respawnMs' | 'settings'>,
  ) {
    this.plan = plan;
    this.#record = record;
    const onChange = (): void => void this.#changed();
    this.nodes = new Map(
      plan.nodes.map((node) => {
        const before = [...withClock(node.clock), ...inNamespace(node.namespace)];
        const argv = [...before, ...holdfast, 'node', '--dir', node.dir];
        return [
          node.name,
          new Supervised({ name: node.name, argv, environment, log: node.log, respawnMs, onChange }),
        ];
      }),
    );
    const argv = ['haproxy', '-db', '-f', plan.balancer.config];
    this.haproxy = new Supervised({
      name: 'haproxy',
      argv,
      log: plan.balancer.log,
      respawnMs: 1000,
      onChange,
    });
  }

  get record(): DemoRecord {
    return this.#record;
  }

  /** Changes what is kept between runs. */
  async remember(change: (record: DemoRecord) => DemoRecord): Promise<void> {
    await this.#inTurn(async () => {
      const next = change(this.#record);
      await writeRecord(this.plan.dir, next);
      this.#record = next;
    });
  }

  /** Writes down that this process runs the demo. */
  async claim(): Promise<void> {
    this.#self = rememberAs('supervisor', process.pid);
    await this.#writeRunning();
  }

  /** The certificate of the cluster's authority, PEM. */
  async caPem(): Promise<string> {
    return readFile(this.plan.caFile, 'utf8');
  }

  /** Asks every node what it is, until `signal` is aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    const caPem = await this.caPem();
    await Promise.all(
      this.plan.nodes.map((node) => {
        const probe = probeHealth({ host: node.address, port: node.ports.api }, caPem);
        return this.#watchNode(node, probe, signal);
      }),
    );
  }

  /** From now on `onNews` is told what becomes of the nodes. */
  announce(onNews: (sentence: string) => void): void {
    this.#told = this.#liveNodes();
    this.#onNews = onNews;
  }

  /** From now on `demo.json` is there, and is kept true. */
  async publish(): Promise<void> {
    this.#publishing = true;
    await this.#inTurn(() => this.#writeDemo());
  }

  /** No file is written any more. */
  async silence(): Promise<void> {
    this.#publishing = false;
    await this.#inTurn(async () => undefined);
  }

  /** Resolves once every node has been asked. */
  async observed(signal: AbortSignal): Promise<void> {
    await until(
      10_000,
      signal,
      () => 'a node was not asked for its role.',
      async () => this.#seen.size === this.nodes.size,
    );
  }

  /** The process group of the node that is master now; null when there is none. */
  masterGroup(): number | null {
    for (const { role, processGroup } of this.#liveNodes().values())
      if (role === 'master') return processGroup;
    return null;
  }

  /** Everything that was started, in its last life. */
  knownProcesses(): readonly KnownProcess[] {
    return [...this.nodes.values(), this.haproxy].map(({ known }) => known).filter((known) => known !== null);
  }

  async #watchNode(node: PlannedNode, probe: HealthProbe, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const observation = await observe(probe, answerMs, this.#seenInThisLife(node.name));
      this.#seen.set(node.name, observation);
      if (this.#publishing) await this.#inTurn(() => this.#writeDemo());
      await wait(pollMs, undefined, { signal }).catch(() => undefined);
    }
    probe.close();
  }

  /** The last that was seen of a node, unless it has died since: that is no news of it. */
  #seenInThisLife(name: string): Observation | null {
    const supervised = this.nodes.get(name);
    const observation = this.#seen.get(name);
    if (supervised === undefined || observation === undefined || !supervised.isAlive) return null;
    return observation.askedAt >= supervised.startedAt ? observation : null;
  }

  #liveNodes(): ReadonlyMap<string, LiveNode> {
    const silent: Observation = { role: 'down', askedAt: 0, heardAt: 0 };
    const names = Array.from(this.nodes.keys());
    const seen = new Map(names.map((name) => [name, this.#seenInThisLife(name) ?? silent]));
    const roles = settleRoles(seen);
    return new Map(
      Array.from(this.nodes, ([name, { known }]) => [
        name,
        { role: roles.get(name) ?? 'down', processGroup: known?.pid ?? 0 },
      ]),
    );
  }

  async #changed(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#self !== null) await this.#writeRunning();
      if (this.#publishing) await this.#writeDemo();
    });
  }

  async #writeRunning(): Promise<void> {
    if (this.#self === null) return;
    await writeRunning(this.plan.dir, { supervisor: this.#self, processes: this.knownProcesses() });
  }

  async #writeDemo(): Promise<void> {
    if (!this.#publishing) return;
    const nodes = this.#liveNodes();
    for (const sentence of newsOf(this.#told, nodes)) this.#onNews?.(sentence);
    this.#told = nodes;
    const content = describeDemo(this.plan, {
      nodes,
      haproxyPid: this.haproxy.known?.pid ?? 0,
      apiKey: this.#record.apiKey ?? '',
    });
    const text = `${JSON.stringify(content, null, 2)}\n`;
    if (text === this.#published) return;
    await writeFileAtomically(this.plan.demoFile, text);
    this.#published = text;
  }
}
