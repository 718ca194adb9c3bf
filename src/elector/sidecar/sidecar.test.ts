import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../../coordination/testing/etcd-members.ts';
import type { TestConsul } from '../testing/consul-agent.ts';
import {
  awaitKey,
  awaitPassingWithTag,
  type KvEntry,
  passingWithTag,
  readKey,
  readSessions,
} from '../testing/consul-view.ts';
import { startConsul, type TestConsulCluster } from '../testing/consul.ts';
import { awaitAnswer } from '../testing/consul-api.ts';
import { registerNomadService, type TestService } from '../testing/nomad-service.ts';
import { type SidecarProcess, startSidecar } from '../testing/sidecar-process.ts';

const ttlMs = 2000;
/** Consul ends a session up to twice its TTL after the last renewal; then a successor needs moments. */
const againMs = 2 * ttlMs + 3000;

describe('the sidecar, on a real Consul', { timeout: 240_000 }, () => {
  let consul: TestConsulCluster;
  let dir: string;
  let count = 0;
  const sidecars: SidecarProcess[] = [];

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'hf-sidecar-'));
    consul = await startConsul({ quickGossip: true });
  });
  afterEach(async () => {
    await Promise.all(sidecars.splice(0).map((each) => each.kill()));
  });
  after(async () => {
    await consul.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  function newService(): string {
    count += 1;
    return `web-${count}`;
  }

  function environment(agent: TestConsul, service: TestService): Record<string, string> {
    return {
      CONSUL_HTTP_ADDR: agent.address,
      CONSUL_LEADER_SERVICE_NAME: service.name,
      CONSUL_LEADER_TTL: '2s',
      CONSUL_LEADER_SLEEP: '0.5',
      CONSUL_LEADER_LOG_LEVEL: 'debug',
      CONSUL_LEADER_REPLICA_LABEL: 'replica',
      NOMAD_ALLOC_ID: service.allocId,
      NOMAD_ALLOC_DIR: dir,
    };
  }

  interface Task {
    readonly service: TestService;
    readonly sidecar: SidecarProcess;
  }

  function start(agent: TestConsul, service: TestService, words: readonly string[] = []): Task {
    const sidecar = startSidecar(environment(agent, service), words);
    sidecars.push(sidecar);
    return { service, sidecar };
  }

  async function task(name: string, words: readonly string[] = [], agent = consul.first): Promise<Task> {
    return start(agent, await registerNomadService(agent.api, { name, tags: ['kept'] }), words);
  }

  const keyOf = (name: string): string => `consul-leader/${name}/lock`;

  /** The one that clients are sent to, once it is exactly one of those that may be. */
  async function awaitLeader(name: string, among: readonly Task[], timeoutMs = againMs): Promise<Task> {
    const ids = among.map(({ service }) => service.id);
    const holds = (found: readonly string[]): boolean => found.length === 1 && ids.includes(found[0] ?? '');
    const [id] = await awaitPassingWithTag(consul.first.api, name, 'primary', holds, timeoutMs);
    const leader = among.find(({ service }) => service.id === id);
    assert.ok(leader);
    return leader;
  }

  async function group(size: number): Promise<{ name: string; tasks: Task[]; leader: Task; others: Task[] }> {
    const name = newService();
    const tasks: Task[] = [];
    for (let each = 0; each < size; each += 1) tasks.push(await task(name));
    const leader = await awaitLeader(name, tasks);
    await Promise.all(tasks.map(({ sidecar }) => sidecar.said(/watches the lock/u)));
    return { name, tasks, leader, others: tasks.filter((one) => one !== leader) };
  }

  const holderChanged =
    (earlier: KvEntry | null) =>
    (entry: KvEntry | null): boolean =>
      entry?.Session !== undefined && entry.Session !== earlier?.Session;

  describe('keeps one leader after', () => {
    it('task killed', async () => {
      const { name, leader, others } = await group(3);
      await leader.sidecar.kill();
      // Its entry stays in the catalogue, with its tag, until a restarted sidecar or Nomad takes it away.
      await leader.service.deregister();
      await awaitLeader(name, others);
    });

    it('task killed: a restarted sidecar first removes its own stale tag', async () => {
      const { name, leader, others } = await group(2);
      await leader.sidecar.kill();
      const again = start(consul.first, leader.service);
      await again.sidecar.said(/opens a session/u);
      assert.ok(!((await leader.service.entry())?.Tags ?? []).includes('primary'));
      await awaitLeader(name, [...others, again]);
    });

    it('node lost', async () => {
      const name = newService();
      const lost = await consul.client('lost');
      const there = await task(name, [], lost);
      const leader = await awaitLeader(name, [there]);
      const other = await task(name);
      await other.sidecar.said(/watches the lock/u);
      await Promise.all([leader.sidecar.kill(), lost.kill()]);
      await awaitLeader(name, [other], againMs + 10_000);
    });

    it('KV value deleted: its leader takes it again, by a younger token', async () => {
      const { name, leader, tasks } = await group(3);
      const earlier = await readKey(consul.first.api, keyOf(name));
      await consul.first.api.ask('DELETE', `kv/${keyOf(name)}`);
      const entry = await awaitKey(consul.first.api, keyOf(name), (now) => now?.Session !== undefined, 1000);
      assert.equal(entry?.Session, earlier?.Session);
      assert.ok((entry?.CreateIndex ?? 0) > (earlier?.ModifyIndex ?? Infinity));
      assert.equal(await awaitLeader(name, tasks), leader);
    });

    it('KV value overwritten: it stays leader, and its successor has a younger token', async () => {
      const { name, leader, others } = await group(2);
      const earlier = await readKey(consul.first.api, keyOf(name));
      await consul.first.api.ask('PUT', `kv/${keyOf(name)}`, 'a stranger was here');
      leader.sidecar.signal('SIGTERM');
      await leader.sidecar.exited;
      const entry = await awaitKey(consul.first.api, keyOf(name), holderChanged(earlier), againMs);
      assert.ok((entry?.CreateIndex ?? 0) > (earlier?.CreateIndex ?? Infinity), JSON.stringify(entry));
      await awaitLeader(name, others);
    });

    it('KV value locked by a stranger: nobody leads until the stranger is gone', async () => {
      const { name, tasks } = await group(2);
      const { api } = consul.first;
      const { ID } = await api.put<{ ID: string }>('session/create', { Name: 'stranger', LockDelay: '0s' });
      let locked = false;
      while (!locked) {
        await api.ask('DELETE', `kv/${keyOf(name)}`);
        locked = await api.put<boolean>(`kv/${keyOf(name)}?acquire=${ID}`);
      }
      await awaitPassingWithTag(api, name, 'primary', (ids) => ids.length === 0, 2000);
      await api.put(`session/destroy/${ID}`);
      await awaitLeader(name, tasks);
    });

    it('session invalidated', async () => {
      const { name, tasks } = await group(3);
      const earlier = await readKey(consul.first.api, keyOf(name));
      await consul.first.api.put(`session/destroy/${earlier?.Session ?? ''}`);
      await awaitKey(consul.first.api, keyOf(name), holderChanged(earlier), 2000);
      await awaitLeader(name, tasks);
      const ofName = (all: readonly { Name: string }[] | null): number =>
        (all ?? []).filter((each) => each.Name.endsWith(`: ${name}`)).length;
      await awaitAnswer<readonly { Name: string }[]>(
        consul.first.api,
        'session/list',
        (all) => ofName(all) === 3,
        2000,
      );
    });

    it('its service entry is gone: it gives leadership up, and says so, until the entry is back', async () => {
      const { name, leader, others } = await group(2);
      await leader.service.deregister();
      await leader.sidecar.said(/the task cannot lead: the agent has no entry of its service/u, 3000);
      await awaitLeader(name, others, 3000);
    });

    it('its check became critical: it gives leadership up, and waits until it is well', async () => {
      const { name, leader, others } = await group(2);
      await leader.service.fail();
      const [next] = [await awaitLeader(name, others, 2000)];
      await leader.sidecar.said(/leads no more: its check .* is critical/u);
      await next.service.fail();
      await awaitPassingWithTag(consul.first.api, name, 'primary', (ids) => ids.length === 0, 2000);
      await leader.service.pass();
      await awaitLeader(name, [leader], 2000);
    });
  });

  async function readSessionsOf(name: string): Promise<readonly string[]> {
    const all = await readSessions(consul.first.api);
    return all.filter((each) => each.Name === `Consul-Leader API Lock: ${name}`).map(({ ID }) => ID);
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`on ${signal} the tag goes, the key is released and the session ends before it exits`, async () => {
      const { name, leader, others } = await group(2);
      leader.sidecar.signal(signal);
      assert.deepEqual(await leader.sidecar.exited, { code: 0, signal: null });
      assert.deepEqual((await leader.service.entry())?.Tags, ['kept']);
      assert.equal((await readSessionsOf(name)).length, 1);
      await awaitLeader(name, others, 1000);
    });
  }

  it('never shows two leaders in a planned handover', async () => {
    const { name, leader, others } = await group(3);
    const seen: (readonly string[])[] = [];
    const next = awaitPassingWithTag(
      consul.first.api,
      name,
      'primary',
      (ids) => {
        seen.push(ids);
        return others.some(({ service }) => ids.includes(service.id));
      },
      2000,
    );
    leader.sidecar.signal('SIGTERM');
    await next;
    assert.ok(
      seen.every((ids) => ids.length <= 1),
      JSON.stringify(seen),
    );
  });

  it('ties its session to the checks that it is told, and waits while one is critical', async () => {
    const name = newService();
    const service = await registerNomadService(consul.first.api, { name });
    await service.fail();
    const words = ['--session-checks', 'node,service', '--health', 'ignore', '--lock-delay', '2s'];
    const { sidecar } = start(consul.first, service, words);
    await sidecar.said(/there is no session: .* while a check fails/u);
    await service.pass();
    await sidecar.said(/leads, by token/u);
    const holder = (await readKey(consul.first.api, keyOf(name)))?.Session;
    const [session] = (await consul.first.api.get<
      { NodeChecks: string[]; ServiceChecks: { ID: string }[]; LockDelay: number }[]
    >(`session/info/${holder ?? ''}`)) ?? [undefined];
    assert.deepEqual(
      [session?.NodeChecks, session?.ServiceChecks.map(({ ID }) => ID), session?.LockDelay],
      [['serfHealth'], [service.checkId], 2e9],
    );
    await service.fail();
    await sidecar.said(/leads no more: the lock was released by somebody else/u, 2000);
    await service.pass();
    await awaitLeader(name, [{ service, sidecar }], againMs + 2000);
  });

  it('opens no session, and counts as healthy, while its task has never been well', async () => {
    const name = newService();
    const service = await registerNomadService(consul.first.api, { name });
    await service.fail();
    const [port = 0] = await freePorts(1);
    const { sidecar } = start(consul.first, service, ['--http', `127.0.0.1:${port}`]);
    const health = async (): Promise<{ healthy?: boolean; elections?: { unfitBecause: string }[] }> => {
      try {
        return (await (await fetch(`http://127.0.0.1:${port}/health`)).json()) as never;
      } catch {
        return {};
      }
    };
    while ((await health()).healthy !== true) await pause(20);
    assert.match((await health()).elections?.[0]?.unfitBecause ?? '', /is critical/u);
    assert.deepEqual(await readSessionsOf(name), []);
    await service.pass();
    await sidecar.said(/leads, by token/u);
  });

  it('has the effects of the shell sidecar: key, session, Meta.session, tags, marker file', async () => {
    const { name, leader, others } = await group(2);
    const entry = await readKey(consul.first.api, keyOf(name));
    const [session] = (await readSessions(consul.first.api)).filter(({ ID }) => ID === entry?.Session);
    assert.deepEqual(
      [session?.Name, session?.TTL, session?.LockDelay, session?.Behavior],
      [`Consul-Leader API Lock: ${name}`, '2s', 0, 'release'],
    );
    const own = await leader.service.entry();
    assert.deepEqual([own?.Tags, own?.Meta['session']], [['kept', 'primary'], entry?.Session]);
    assert.equal(own?.Meta['external-source'], 'nomad');
    assert.equal(own?.EnableTagOverride, true);
    const [other] = others;
    assert.deepEqual((await other?.service.entry())?.Tags, ['kept', 'replica']);
    assert.ok(existsSync(join(dir, leader.service.allocId)));
    assert.ok(!existsSync(join(dir, other?.service.allocId ?? '')));
  });

  it('keeps the checks of the service and their states, and what others write', async () => {
    const { name, leader } = await group(1);
    const { api } = consul.first;
    const checks = await api.get<Record<string, { Status: string }>>('agent/checks');
    assert.equal(checks?.[leader.service.checkId]?.Status, 'passing');
    const earlier = await leader.service.entry();
    // Nomad writes the whole entry anew: without our tag.
    const fresh = {
      ID: leader.service.id,
      Name: name,
      Tags: ['kept', 'new'],
      Port: 4711,
      Meta: { by: 'nomad' },
    };
    await api.put('agent/service/register', { ...fresh, EnableTagOverride: true });
    await awaitLeader(name, [leader]);
    const now = await leader.service.entry();
    assert.deepEqual(now?.Tags, ['kept', 'new', 'primary']);
    assert.deepEqual(now?.Meta, { by: 'nomad', session: earlier?.Meta['session'] });
    assert.equal(now?.Port, 4711);
  });

  it('removes its own tag before its session can end when Consul is silent', async () => {
    const name = newService();
    // Its margin is a tenth, and what is left for the task: a machine that is busy must not use that up.
    const silentTtlMs = 6000;
    const agent = await consul.client(`silent-${count}`);
    const out = join(dir, `${name}.out`);
    const { sidecar } = await task(
      name,
      ['--on-deposed', `echo deposed >>${out}`, '--task-stop', '1s', '--ttl', `${silentTtlMs}ms`],
      agent,
    );
    await sidecar.said(/leads, by token/u);
    const silentAt = performance.now();
    agent.freeze();
    await sidecar.said(/leads no more: the store has not confirmed/u, silentTtlMs);
    assert.ok(performance.now() - silentAt < silentTtlMs);
    await sidecar.said(/--on-deposed: the command ended/u);
    assert.equal(readFileSync(out, 'utf8'), 'deposed\n');
    agent.thaw();
    await awaitPassingWithTag(
      consul.first.api,
      name,
      'primary',
      (ids) => ids.length === 1,
      2 * silentTtlMs + 8000,
    );
    await sidecar.kill();
    await agent.kill();
  });

  it('runs the commands with a fencing token in their environment, each leader with a younger one', async () => {
    const name = newService();
    const out = join(dir, `${name}.out`);
    const words = [
      '--on-elected',
      `echo "$HOLDFAST_FENCING_TOKEN" >>${out}`,
      '--on-deposed',
      `echo deposed >>${out}`,
    ];
    const one = await task(name, words);
    await one.sidecar.said(/--on-elected: the command ended/u);
    const other = await task(name, words);
    await other.sidecar.said(/watches the lock/u);
    one.sidecar.signal('SIGTERM');
    await one.sidecar.exited;
    await other.sidecar.said(/--on-elected: the command ended/u);
    const [first = '', deposed, second = ''] = readFileSync(out, 'utf8').split('\n');
    assert.equal(deposed, 'deposed');
    assert.match(first, /^\d{40}$/u);
    assert.ok(second > first);
    const entry = await readKey(consul.first.api, keyOf(name));
    const token = [entry?.CreateIndex, entry?.LockIndex]
      .map((part) => String(part).padStart(20, '0'))
      .join('');
    assert.equal(second, token);
  });

  it('runs the task only while it leads, and stops it before another leads', async () => {
    const name = newService();
    const out = join(dir, `${name}.out`);
    // It does not heed SIGTERM: it is killed in time.
    const words = [
      '--exec',
      `trap '' TERM; echo "start $NOMAD_ALLOC_ID" >>${out}; while :; do sleep 0.05; done`,
    ];
    const one = await task(name, [...words, '--task-stop', '300ms']);
    await one.sidecar.said(/leads, by token/u);
    const other = await task(name, [...words, '--task-stop', '300ms']);
    await other.sidecar.said(/watches the lock/u);
    assert.equal(await tasksRunning(out), 1);
    one.sidecar.signal('SIGTERM');
    assert.equal((await one.sidecar.exited).code, 0);
    await other.sidecar.said(/leads, by token/u);
    assert.equal(await tasksRunning(out), 1);
    other.sidecar.signal('SIGTERM');
    await other.sidecar.exited;
    assert.equal(await tasksRunning(out), 0);
  });

  it('ends with the exit code of a task that ends by itself, and gives the lock to others', async () => {
    const name = newService();
    const { service, sidecar } = await task(name, ['--exec', 'exit 7']);
    assert.equal((await sidecar.exited).code, 7);
    assert.equal((await readKey(consul.first.api, keyOf(name)))?.Session, undefined);
    assert.deepEqual((await service.entry())?.Tags, ['kept']);
  });

  it('has its task killed before another leads when it stands still itself', async () => {
    const name = newService();
    const out = join(dir, `${name}.out`);
    const words = ['--exec', `: ${out}; while :; do sleep 0.05; done`];
    const one = await task(name, words);
    await one.sidecar.said(/leads, by token/u);
    const other = await task(name, words);
    await other.sidecar.said(/watches the lock/u);
    while ((await tasksRunning(out)) === 0) await pause(20);
    // Longer than one authority lasts: it is put off as long as all is well.
    await pause(1.5 * ttlMs);
    assert.equal(await tasksRunning(out), 1);
    one.sidecar.signal('SIGSTOP');
    await other.sidecar.said(/leads, by token/u);
    while ((await tasksRunning(out)) === 0) await pause(20);
    assert.equal(await tasksRunning(out), 1);
    one.sidecar.signal('SIGCONT');
    await one.sidecar.said(/leads no more/u);
  });

  it('kills the task when it is killed itself', async () => {
    const name = newService();
    const out = join(dir, `${name}.out`);
    const { sidecar } = await task(name, [
      '--exec',
      `/bin/sh -c ': ${out}; while :; do sleep 0.05; done'; true`,
    ]);
    await sidecar.said(/leads, by token/u);
    while ((await shells(out)).length < 2) await pause(20);
    await sidecar.kill();
    while ((await shells(out)).length > 0) await pause(20);
  });

  it('answers over HTTP who leads, and what it did', async () => {
    const name = newService();
    const [port = 0] = await freePorts(1);
    const { sidecar, service } = await task(name, ['--http', `127.0.0.1:${port}`]);
    await sidecar.said(/leads, by token/u);
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
    assert.deepEqual([(await get('/health')).status, (await get('/leader')).status], [200, 200]);
    assert.equal((await get(`/leader/${name}`)).status, 200);
    assert.equal((await get('/leader/other')).status, 404);
    const metrics = await (await get('/metrics')).text();
    assert.match(metrics, new RegExp(`holdfast_elect_leader\\{election="${name}"\\} 1`, 'u'));
    await service.fail();
    await sidecar.said(/leads no more/u);
    assert.equal((await get('/leader')).status, 503);
    assert.equal((await get('/health')).status, 200);
  });

  it('tells who leads, and asks the leader to step down', async () => {
    const { name, leader, others } = await group(2);
    const run = async (command: string): Promise<{ code: number | null; text: string }> => {
      const one = startSidecar(environment(consul.first, leader.service), [command, '--log-level', 'warn']);
      const { code } = await one.exited;
      return { code, text: one.lines.join('\n') };
    };
    const entry = await readKey(consul.first.api, keyOf(name));
    const status = await run('status');
    assert.equal(status.code, 0);
    assert.ok(status.text.includes(leader.service.id), status.text);
    assert.ok(status.text.includes(entry?.Session ?? '?'), status.text);
    const since = /since (?<at>\S+),/u.exec(status.text)?.groups?.['at'] ?? '';
    assert.ok(Math.abs(Date.now() - Date.parse(since)) < 60_000, status.text);
    assert.match((await run('step-down')).text, /has stepped down/u);
    await awaitLeader(name, others, 2000);
  });

  it('tells who leads, and asks the leader to step down, also after the key was overwritten', async () => {
    const { name, leader, others } = await group(2);
    const run = async (command: string): Promise<string> => {
      const one = startSidecar(environment(consul.first, leader.service), [command, '--log-level', 'warn']);
      await one.exited;
      return one.lines.join('\n');
    };
    await consul.first.api.ask('PUT', `kv/${keyOf(name)}`, 'a stranger was here');
    assert.match(await run('status'), /its token is not known, since the key was overwritten/u);
    assert.match(await run('step-down'), /has stepped down/u);
    // Not a TTL later, as if the key had just been made.
    await awaitLeader(name, others, ttlMs / 2);
  });

  it('takes part in several elections, told by a file', async () => {
    const [one, other] = [newService(), newService()];
    const services = [
      await registerNomadService(consul.first.api, { name: one }),
      await registerNomadService(consul.first.api, { name: other }),
    ];
    const file = join(dir, `${one}.yaml`);
    writeFileSync(
      file,
      `ttl: 2s\nsleep: 0.5\nelections:\n${services.map(({ name, id }) => `  - serviceName: ${name}\n    serviceId: ${id}\n`).join('')}`,
    );
    const sidecar = startSidecar({ CONSUL_HTTP_ADDR: consul.first.address }, ['--config', file]);
    sidecars.push(sidecar);
    for (const service of services) {
      await awaitPassingWithTag(
        consul.first.api,
        service.name,
        'primary',
        (ids) => ids.length === 1,
        againMs,
      );
    }
    sidecar.signal('SIGTERM');
    assert.equal((await sidecar.exited).code, 0);
    for (const { name } of services)
      assert.deepEqual(await passingWithTag(consul.first.api, name, 'primary'), []);
  });

  it('finds its service without Nomad, by name and port', async () => {
    const name = newService();
    const { api, address } = consul.first;
    for (const port of [81, 82])
      await api.put('agent/service/register', { ID: `${name}-${port}`, Name: name, Port: port });
    const sidecar = startSidecar({ CONSUL_HTTP_ADDR: address, CONSUL_LEADER_SERVICE_NAME: name }, [
      '--service-port',
      '82',
      '--ttl',
      '2s',
      '--sleep',
      '0.5',
    ]);
    sidecars.push(sidecar);
    const found = await awaitPassingWithTag(api, name, 'primary', (ids) => ids.length === 1, againMs);
    assert.deepEqual(found, [`${name}-82`]);
  });

  it('works over the Unix socket of the agent', async () => {
    const name = newService();
    const service = await registerNomadService(consul.first.api, { name });
    const sidecar = startSidecar({
      ...environment(consul.first, service),
      CONSUL_HTTP_ADDR: consul.first.socketAddress,
    });
    sidecars.push(sidecar);
    await sidecar.said(/leads, by token/u);
  });

  /** How many processes have this word in their command line. */
  /** Without their children, which bear the same command line until they run a program of their own. */
  async function tasksRunning(word: string): Promise<number> {
    const pids = await shells(word);
    return pids.filter((pid) => !pids.includes(parentOf(pid))).length;
  }

  async function shells(word: string): Promise<readonly string[]> {
    const child = spawn('pgrep', ['-f', `/bin/sh -c .*${word}`], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await once(child, 'close');
    return text.split('\n').filter((pid) => pid !== '');
  }
});

/** proc(5); of a process that is gone, nothing. */
function parentOf(pid: string): string {
  try {
    return /^PPid:\s+(\d+)$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}
