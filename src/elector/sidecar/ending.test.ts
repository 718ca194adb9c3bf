import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { electionTiming } from '../../core/election/timing.ts';
import { awaitPassingWithTag, readKey, readSessions } from '../testing/consul-view.ts';
import { startConsul, type TestConsulCluster } from '../testing/consul.ts';
import { type Fate, type HoldingRelay, openHoldingRelay } from '../testing/holding-relay.ts';
import { registerNomadService, type TestService } from '../testing/nomad-service.ts';
import { type SidecarProcess, startSidecar } from '../testing/sidecar-process.ts';
import { createEnding } from './ending.ts';

const [ttlMs, sleepMs] = [6000, 2000];
const { stopMs } = electionTiming(ttlMs, sleepMs);
/** The signal, and the end of the process itself. */
const processMs = 2500;

const registers = (method: string, path: string): boolean =>
  method === 'PUT' && path.startsWith('/v1/agent/service/register');

describe('the end of a contender', () => {
  it('is over after its bound, counted from its first beginning', () => {
    let now = 100;
    const ending = createEnding(50, () => now);
    assert.deepEqual([ending.leftMs(), ending.signal.aborted], [Infinity, false]);
    ending.begin();
    now += 20;
    ending.begin();
    assert.deepEqual([ending.leftMs(), ending.signal.aborted], [30, true]);
    now += 40;
    assert.equal(ending.leftMs(), 0);
  });
});

describe('a sidecar that is to end while Consul hangs', { timeout: 120_000 }, () => {
  let consul: TestConsulCluster;
  let relay: HoldingRelay;
  let count = 0;
  const sidecars: SidecarProcess[] = [];

  before(async () => {
    consul = await startConsul();
    relay = await openHoldingRelay(consul.first.address);
  });
  afterEach(async () => {
    relay.decide(() => 'passes');
    await Promise.all(sidecars.splice(0).map((each) => each.kill()));
  });
  after(async () => {
    await relay.close();
    await consul.stop();
  });

  interface Scene {
    readonly name: string;
    readonly service: TestService;
    readonly sidecar: SidecarProcess;
  }

  async function start(words: readonly string[] = []): Promise<Scene> {
    count += 1;
    const name = `hangs-${count}`;
    const service = await registerNomadService(consul.first.api, { name });
    const sidecar = startSidecar(
      {
        CONSUL_HTTP_ADDR: relay.address,
        CONSUL_LEADER_SERVICE_NAME: name,
        CONSUL_LEADER_TTL: `${ttlMs}ms`,
        CONSUL_LEADER_SLEEP: String(sleepMs / 1000),
        CONSUL_LEADER_LOG_LEVEL: 'info',
        NOMAD_ALLOC_ID: service.allocId,
      },
      words,
    );
    sidecars.push(sidecar);
    return { name, service, sidecar };
  }

  async function leads({ name, service }: Scene): Promise<void> {
    const holds = (ids: readonly string[]): boolean => ids[0] === service.id;
    await awaitPassingWithTag(consul.first.api, name, 'primary', holds, 2 * ttlMs + 5000);
  }

  /** How long it takes to exit after SIGTERM. */
  async function ends({ sidecar }: Scene): Promise<number> {
    const toldAt = performance.now();
    sidecar.signal('SIGTERM');
    assert.equal((await sidecar.exited).code, 0, sidecar.lines.join('\n'));
    return performance.now() - toldAt;
  }

  async function hasLetGo({ name }: Scene): Promise<boolean> {
    const entry = await readKey(consul.first.api, `consul-leader/${name}/lock`);
    const own = (await readSessions(consul.first.api)).filter((each) => each.Name.endsWith(`: ${name}`));
    return entry?.Session === undefined && own.length === 0;
  }

  for (const fate of ['unanswered', 'unsent'] as const) {
    it(`gives lock and session away and exits in time when its last mark is ${fate}`, async (t) => {
      const scene = await start();
      await leads(scene);
      relay.decide((method, path): Fate => (registers(method, path) ? fate : 'passes'));
      const tookMs = await ends(scene);
      t.diagnostic(`${Math.round(tookMs)} ms, of ${stopMs}`);
      assert.ok(tookMs < stopMs + processMs, `${tookMs} ms`);
      assert.ok(await hasLetGo(scene));
      // What got there was done.
      const tags = (await scene.service.entry())?.Tags ?? [];
      assert.equal(tags.includes('primary'), fate === 'unsent');
    });
  }

  it('exits in time when the mark of its beginning hangs', async (t) => {
    relay.decide((method, path): Fate => (registers(method, path) ? 'unanswered' : 'passes'));
    const held = relay.held();
    const scene = await start(['--replica-label', 'replica']);
    await held;
    const tookMs = await ends(scene);
    t.diagnostic(`${Math.round(tookMs)} ms, of ${stopMs}`);
    assert.ok(tookMs < stopMs + processMs, `${tookMs} ms`);
    assert.ok(await hasLetGo(scene));
  });

  it('exits in time when its agent is stopped in the middle of a write', async (t) => {
    const scene = await start();
    await scene.sidecar.said(/leads, by token/u, 2 * ttlMs + 5000);
    await leads(scene);
    relay.decide((method, path): Fate => (registers(method, path) ? 'unsent' : 'passes'));
    const held = relay.held();
    // Somebody takes its tag away, and it begins to write.
    const entry = await scene.service.entry();
    await consul.first.api.put('agent/service/register', { ID: entry?.ID, Name: scene.name, Port: 1 });
    await held;
    consul.first.freeze();
    try {
      const tookMs = await ends(scene);
      t.diagnostic(`${Math.round(tookMs)} ms, of ${stopMs}`);
      assert.ok(tookMs < stopMs + processMs, `${tookMs} ms`);
    } finally {
      consul.first.thaw();
    }
  });

  it('leaves its task all the time that it was given, and then lets go', async (t) => {
    const taskMs = 3000;
    const { stopMs: wholeMs } = electionTiming(ttlMs, 1000, taskMs);
    const task = "trap 'sleep 2.2; exit 0' TERM; while :; do sleep 0.05; done";
    const scene = await start(['--exec', task, '--task-stop', `${taskMs}ms`, '--sleep', '1']);
    await leads(scene);
    const tookMs = await ends(scene);
    t.diagnostic(`${Math.round(tookMs)} ms, of ${wholeMs}`);
    assert.ok(tookMs > 2200 && tookMs < wholeMs + processMs, `${tookMs} ms`);
    assert.ok(await hasLetGo(scene));
  });
});
