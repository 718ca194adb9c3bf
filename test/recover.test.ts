import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { type Answer, ApiClient } from './testing/api-client.ts';
import { processesOf } from './testing/processes.ts';
import {
  cliPath,
  type CommandEnd,
  DemoCluster,
  runProgram,
  type Status,
  until,
} from './testing/demo-cluster.ts';

const wholeMs = 60_000;
const variables = Array.from({ length: 30 }, (_, at) => `kept/v${at}`);
const policy = `- !policy\n  id: kept\n  body:\n${variables.map((id) => `    - !variable ${id.slice(5)}`).join('\n')}\n`;

/** A demo whose nodes stay dead, and what the test starts beside it. */
class LostCluster {
  readonly demo: DemoCluster;
  readonly #started = new Map<string, ChildProcess>();

  constructor(demo: DemoCluster) {
    this.demo = demo;
  }

  async end(): Promise<void> {
    this.loseStarted();
    await this.demo.stop();
  }

  /** Everything that this test has started. */
  loseStarted(): void {
    for (const child of this.#started.values()) killGroup(child.pid ?? 0);
  }

  holdfast(name: string, ...args: readonly string[]): Promise<CommandEnd> {
    return runProgram(cliPath, [...args, '--dir', this.demo.nodeDir(name)]);
  }

  /** `holdfast node`, as an operator starts it. */
  start(name: string): ChildProcess {
    const log = openSync(join(this.demo.nodeDir(name), 'log'), 'a');
    const child = spawn(process.execPath, [cliPath, 'node', '--dir', this.demo.nodeDir(name)], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    this.#started.set(name, child);
    return child;
  }

  /** Stops a node of the demo in order, and waits until all of it has ended. */
  async stop(name: string): Promise<void> {
    const { processGroup } = this.demo.node(name);
    process.kill(processGroup, 'SIGTERM');
    await until(30_000, `${name} has ended`, () => (processesOf(processGroup).length === 0 ? true : null));
  }

  /** The whole machine, for good. */
  lose(name: string): void {
    killGroup(this.demo.node(name).processGroup);
  }

  /** A node that joins by a token of `issuer`; its ports begin at `base`. */
  async join(issuer: string, name: string, kind: string, base: number): Promise<void> {
    const token = await this.holdfast(issuer, 'token', 'create', '--kind', kind, '--json');
    assert.equal(token.code, 0, token.stderr);
    const { token: text, url }: { token: string; url: string } = JSON.parse(token.stdout);
    const where = ['--name', name, '--host', '127.0.0.1', '--listen', '127.0.0.1', '--ports', String(base)];
    const dir = ['--dir', this.demo.nodeDir(name)];
    const joined = await runProgram(cliPath, ['join', url, ...where, ...dir, '--token-file', '-'], {
      input: text,
    });
    assert.equal(joined.code, 0, joined.stderr);
  }

  async status(name: string): Promise<(Status & { readonly advice: readonly string[] }) | null> {
    const end = await this.holdfast(name, 'status', '--json');
    return end.code === 0 ? JSON.parse(end.stdout) : null;
  }

  /** A client of one node, past the load balancer, once it lets clients in. */
  async client(api: string): Promise<ApiClient> {
    const { account, admin } = this.demo.file;
    const client = new ApiClient({ url: api, caFile: this.demo.file.api.caFile, account });
    await until(wholeMs, `${api} lets clients in`, async () => {
      const answer = await client.authenticate(admin.login, admin.apiKey).catch(() => null);
      return answer?.status === 200 ? true : null;
    });
    return client;
  }
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // ended already
  }
}

/** On a busy machine the load balancer may cut a connection, or the master change: what was not answered is sent again. */
async function writeAll(client: ApiClient): Promise<void> {
  const surely = (what: string, send: () => Promise<Answer>): Promise<Answer> =>
    until(wholeMs, what, async () => {
      const answer = await send().catch(() => null);
      return answer?.status === 201 ? answer : null;
    });
  await surely('the policy is loaded', () => client.loadPolicy(policy));
  for (const id of variables) await surely(`${id} is written`, () => client.write(id, `value of ${id}`));
}

async function assertAllThere(client: ApiClient): Promise<void> {
  for (const id of variables) {
    assert.deepEqual(await client.read(id), { status: 200, body: `value of ${id}` });
  }
}

/** Runs `recover` and kills it as soon as it says `sentence`. */
async function recoverKilledAt(dir: string, sentence: RegExp): Promise<void> {
  const child = spawn(process.execPath, [cliPath, 'recover', '--accept-loss', '--dir', dir]);
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    if (sentence.test(line)) child.kill('SIGKILL');
  });
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL', 'it was killed half-way');
}

/** The tests are the steps of one story, in its order. */
describe('a cluster that has lost the majority of its etcd for good', { timeout: 600_000 }, () => {
  let lost: LostCluster;
  let client: ApiClient;
  let survivor = '';
  let master = '';
  let third = '';
  before(async () => {
    lost = new LostCluster(await DemoCluster.start(['--respawn', 'off']));
    const running = await joinAfar(lost);
    await writeAll(await lost.demo.client());
    await stopAfar(lost, running);
    const { nodes, ...status } = await wholeBut(lost, 'dr1');
    master = status.master ?? '';
    survivor = nodes.find(({ synchronous }) => synchronous)?.name ?? '';
    third = ['n1', 'n2', 'n3'].find((name) => name !== master && name !== survivor) ?? '';
  });
  after(async () => {
    client?.close();
    await lost?.end();
  });

  it('refuses while anything is left: its own node, and another that answers', async () => {
    const running = await lost.holdfast(survivor, 'recover', '--accept-loss');
    assert.equal(running.code, 2);
    assert.match(running.stderr, /is run by another "holdfast node"/u);
    lost.lose(master);
    await lost.stop(survivor);
    const answering = await lost.holdfast(survivor, 'recover', '--accept-loss');
    assert.equal(answering.code, 1);
    assert.match(answering.stderr, new RegExp(`No recovery: ${third} \\(.*still answers`, 'u'));
    lost.lose(third);
  });

  it('says what would be lost and changes nothing, unless that is accepted', async () => {
    const asked = await lost.holdfast(survivor, 'recover');
    assert.equal(asked.code, 1);
    assert.match(
      asked.stderr,
      /every write after [0-9A-F]+\/[0-9A-F]+ in data and [0-9A-F]+\/[0-9A-F]+ in audit/u,
    );
    assert.match(
      asked.stderr,
      new RegExp(`${survivor} was one of those that held every acknowledged write`, 'u'),
    );
    assert.match(asked.stderr, /--accept-loss/u);
    const left = readdirSync(lost.demo.nodeDir(survivor));
    assert.ok(left.includes('etcd') && !left.some((name) => name.startsWith('etcd.abandoned')));
    const unreachable = await lost.holdfast(survivor, 'status');
    assert.match(unreachable.stderr, /holdfast recover/u);
  });

  it('goes on where it was killed, does not start half-way, and says when it is done', async () => {
    const dir = lost.demo.nodeDir(survivor);
    await recoverKilledAt(dir, /Starting a new etcd/u);
    const [code] = await once(lost.start(survivor), 'exit');
    assert.notEqual(code, 0, 'a half-recovered node does not start');
    const done = await lost.holdfast(survivor, 'recover', '--accept-loss');
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, new RegExp(`✓ ${survivor} is the only node of its cluster now`, 'u'));
    assert.match(done.stderr, /Wipe n\d, n\d, dr1 before/u);
    assert.match(done.stderr, /Restart the followers f1/u);
    assert.equal(readdirSync(dir).filter((name) => name.startsWith('etcd.abandoned-')).length, 1);
    const again = await lost.holdfast(survivor, 'recover', '--accept-loss');
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /was recovered already; nothing was changed/u);
  });

  it('becomes master and serves every write that it had; writes wait for a standby', async () => {
    lost.start(survivor);
    client = await lost.client(lost.demo.node(survivor).api);
    await assertAllThere(client);
    const refusedWrite = await client.write('kept/v0', 'nobody would confirm it');
    assert.equal(refusedWrite.status, 503, refusedWrite.body);
    const status = await lost.status(survivor);
    assert.equal(status?.master, survivor);
    assert.deepEqual(status?.nodes.map(({ name }) => name).toSorted(), ['f1', survivor].toSorted());
  });

  it('has its follower back once that is restarted', async () => {
    await lost.stop('f1');
    lost.start('f1');
    const back = await until(wholeMs, 'f1 streams', async () => {
      const status = await lost.status(survivor);
      return status?.nodes.some(({ name, streaming }) => name === 'f1' && streaming) ? status : null;
    });
    assert.equal(back.master, survivor);
  });

  it('takes writes again once a new node has joined by token', async () => {
    await lost.join(survivor, 'n5', 'standby', lost.demo.base + 50);
    lost.start('n5');
    await until(wholeMs, 'n5 is confirmed, and all is as well protected as two nodes can be', async () => {
      const status = await lost.status(survivor);
      const confirmed = status?.nodes.some(({ name, synchronous }) => name === 'n5' && synchronous);
      const open = status?.advice.filter((line) => !/Only one standby|two voters/u.test(line));
      return confirmed && open?.length === 0 ? status : null;
    });
    const written = await until(10_000, 'a write is taken', async () => {
      const answer = await client.write('kept/v0', 'confirmed by n5');
      return answer.status === 503 ? null : answer;
    });
    assert.equal(written.status, 201, written.body);
    assert.equal((await client.read('kept/v0')).body, 'confirmed by n5');
  });

  it('is recovered from the asynchronous standby when all candidates are gone, with an etcd that it never had', async () => {
    lost.loseStarted();
    const { base } = lost.demo;
    const portless = await lost.holdfast('dr1', 'recover', '--accept-loss');
    assert.equal(portless.code, 2);
    assert.match(portless.stderr, /--etcd-client-port, --etcd-peer-port/u);
    const ports = ['--etcd-client-port', String(base + 64), '--etcd-peer-port', String(base + 65)];
    const done = await lost.holdfast('dr1', 'recover', '--accept-loss', ...ports);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /dr1 was not among those that hold every acknowledged write/u);
    assert.match(done.stderr, /Wipe the followers f1 and let them join anew/u);
    lost.start('dr1');
    const afar = await lost.client(`https://localhost:${base + 60}`);
    await assertAllThere(afar);
    afar.close();
    await lost.join('dr1', 'n6', 'standby', base + 70);
  });
});

/** An asynchronous standby joins and has everything that was written. */
async function joinAfar(lost: LostCluster): Promise<ChildProcess> {
  await lost.join('n1', 'dr1', 'asynchronous', lost.demo.base + 60);
  assert.ok(existsSync(join(lost.demo.nodeDir('dr1'), 'authority', 'ca.key')), 'it may issue certificates');
  return lost.start('dr1');
}

async function stopAfar(lost: LostCluster, running: ChildProcess): Promise<void> {
  await until(wholeMs, 'dr1 has everything', async () => {
    const status = await lost.status('n1');
    const dr1 = status?.nodes.find(({ name }) => name === 'dr1');
    return dr1?.streaming === true && dr1.lagBytes.data === 0 ? true : null;
  });
  running.kill('SIGTERM');
  await once(running, 'exit');
}

/** As the demo's `whole`, with one node down. */
async function wholeBut(lost: LostCluster, absent: string): Promise<Status> {
  return until(wholeMs, `all but ${absent} are well`, async () => {
    const status = await lost.status('n1');
    const up = status?.nodes.every(
      ({ name, role, streaming }) => name === absent || role === 'master' || streaming,
    );
    return status?.protected === true && up === true ? status : null;
  });
}
