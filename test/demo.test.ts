import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { DemoFile } from '../src/demo/demo-file.ts';
import { type CommandResult, runCommand } from '../src/runtime/run-command.ts';

const root = join(import.meta.dirname, '..');
const main = join(root, 'src/demo/main.ts');

function demo(...args: readonly string[]): Promise<CommandResult> {
  return runCommand([process.execPath, main, ...args], { timeoutMs: 240_000 });
}

/** The first of a hundred ports of which the demo's are free. */
async function freeBase(): Promise<number> {
  for (let base = 21_000 + 100 * (process.pid % 200); ; base += 100) {
    const ports = [
      0,
      1,
      2,
      3,
      9,
      ...[10, 20, 30, 40].flatMap((node) => [0, 1, 2, 3, 4, 5, 6].map((at) => node + at)),
    ];
    const free = await Promise.all(ports.map((at) => isFree(base + at)));
    if (free.every(Boolean)) return base;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** A client as anybody would write one: a URL, a CA file, a token. */
class ApiClient {
  readonly #ca: string;
  #token = '';

  constructor(ca: string) {
    this.#ca = ca;
  }

  async call(
    method: string,
    url: string,
    body = '',
  ): Promise<{ readonly status: number; readonly body: string }> {
    const headers = this.#token === '' ? {} : { authorization: `Token token="${this.#token}"` };
    const sent = request(url, { method, ca: this.#ca, headers, agent: false, timeout: 10_000 });
    sent.end(body);
    const [response] = await once(sent, 'response');
    return { status: response.statusCode, body: await text(response) };
  }

  async login(base: string, account: string, apiKey: string): Promise<void> {
    this.#token = '';
    const { status, body } = await this.call('POST', `${base}/authn/${account}/admin/authenticate`, apiKey);
    assert.equal(status, 200, body);
    this.#token = Buffer.from(body).toString('base64');
  }
}

async function readDemo(dir: string): Promise<DemoFile> {
  return JSON.parse(await readFile(join(dir, 'demo.json'), 'utf8'));
}

/** Polls what only a file tells; bounded, and told how long it took. */
async function until<T>(what: string, limitMs: number, look: () => Promise<T | null>): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    assert.ok(performance.now() < deadline, `${what} did not happen within ${limitMs} ms`);
    await wait(50);
  }
}

/** Processes that were started for `dir`, or work in it. */
async function processesOf(dir: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
        const at = await readlink(`/proc/${pid}/cwd`);
        return Number(pid) !== process.pid && (command.includes(dir) || at.startsWith(dir))
          ? `${pid} ${command}`
          : null;
      } catch {
        return null; // gone meanwhile
      }
    }),
  );
  return found.filter((line) => line !== null);
}

test('a demo serves a secret, heals after its master is killed, and leaves nothing running', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
  const base = await freeBase();
  t.after(async () => {
    await demo('--stop', '--dir', dir);
    await rm(dir, { recursive: true, force: true });
  });
  const started = await demo('--detach', '--dir', dir, '--port', String(base), '--ttl', '3');
  assert.equal(started.code, 0, started.stderr);
  const { account, api, followers, admin, nodes, haproxy } = await readDemo(dir);
  assert.ok(followers);

  await t.test('demo.json has the promised shape, and is private', async () => {
    assert.equal((await stat(join(dir, 'demo.json'))).mode & 0o777, 0o600);
    assert.deepEqual(
      nodes.map(({ name, role }) => `${name} ${role}`),
      ['n1 master', 'n2 standby', 'n3 standby', 'f1 follower'],
    );
    assert.deepEqual([admin.login, api.url], ['admin', `https://localhost:${base}`]);
    for (const { processGroup, dataDir, etcd, role, health } of nodes) {
      process.kill(-processGroup, 0);
      assert.ok((await readdir(dataDir)).includes('PG_VERSION'));
      assert.equal(etcd === null, role === 'follower');
      assert.ok(health.endsWith('/health'));
    }
    process.kill(haproxy.pid, 0);
  });

  const client = new ApiClient(await readFile(api.caFile, 'utf8'));
  const secret = (url: string): string => `${url}/secrets/${account}/variable/test/password`;

  await t.test(
    'a secret is stored through the load balancer and read from master and followers',
    async () => {
      await client.login(api.url, account, admin.apiKey);
      const policy = '- !policy\n  id: test\n  body: [ !variable password ]\n';
      const loaded = await client.call('POST', `${api.url}/policies/${account}/policy/root`, policy);
      assert.equal(loaded.status, 201, loaded.body);
      assert.equal((await client.call('POST', secret(api.url), 'kept')).status, 201);
      assert.deepEqual(await client.call('GET', secret(api.url)), { status: 200, body: 'kept' });
      await until('the follower has the secret', 5_000, async () => {
        const { body } = await client.call('GET', secret(followers.url));
        return body === 'kept' ? body : null;
      });
    },
  );

  await t.test(
    'a master that is killed is down at once, another one takes over, and it comes back',
    async () => {
      const [old] = nodes.filter(({ role }) => role === 'master');
      assert.ok(old);
      process.kill(-old.processGroup, 'SIGKILL');
      const roleOf = async (name: string): Promise<string | undefined> =>
        (await readDemo(dir)).nodes.find((node) => node.name === name)?.role;
      await until('the dead node is down', 4_000, async () =>
        (await roleOf(old.name)) === 'down' ? true : null,
      );
      await until('there is another master', 20_000, async () => {
        const masters = (await readDemo(dir)).nodes.filter(({ role }) => role === 'master');
        assert.ok(masters.length <= 1);
        return masters.length === 1 && masters[0]?.name !== old.name ? true : null;
      });
      await until('the secret is served again', 20_000, async () => {
        const answer = await client.call('GET', secret(api.url)).catch(() => null);
        return answer?.status === 200 && answer.body === 'kept' ? true : null;
      });
      await until('the old master is a standby', 60_000, async () =>
        (await roleOf(old.name)) === 'standby' ? true : null,
      );
      const back = (await readDemo(dir)).nodes.find(({ name }) => name === old.name);
      assert.notEqual(back?.processGroup, old.processGroup);
    },
  );

  await t.test('operators use the API and its accounts with the command line, on any node', async () => {
    const holdfast = async (args: readonly string[], input = ''): Promise<string> => {
      const { code, stdout, stderr } = await runCommand([join(dir, 'holdfast'), ...args], {
        timeoutMs: 60_000,
        input,
        env: { HOME: '/nonexistent' },
      });
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    await holdfast(['login', 'admin'], admin.apiKey);
    assert.equal(await holdfast(['variable', 'get', 'test/password']), 'kept');
    const f1 = ['--dir', join(dir, 'f1')];
    const key = await holdfast(['account', 'create', 'second', ...f1]);
    assert.equal(await holdfast(['account', 'list']), `${account}\nsecond\n`);
    await holdfast(['login', 'admin', '--account', 'second', ...f1], key);
    await holdfast(['policy', 'load', '-b', 'root', '--yes'], '- !variable mine');
    assert.match(await holdfast(['list', '--kind', 'variable']), /^variable +mine +user:admin$/mu);
    await holdfast(['account', 'delete', 'second', '--yes']);
    assert.equal(await holdfast(['account', 'list', ...f1]), `${account}\n`);
  });

  await t.test('operators export the audit trail on any node, and follow it', async () => {
    const holdfast = [join(dir, 'holdfast'), 'audit'];
    const env = { HOME: '/nonexistent' };
    const f1 = ['--dir', join(dir, 'f1')];
    const { code, stdout, stderr } = await runCommand([...holdfast, 'export', ...f1], {
      timeoutMs: 60_000,
      env,
    });
    assert.equal(code, 0, stderr);
    const lines: readonly { readonly type: string }[] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      [...new Set(lines.map(({ type }) => type).filter((type) => type !== 'checkpoint'))],
      ['chain', 'record'],
    );
    const [program, ...words] = [...holdfast, 'follow', '--rfc5424'];
    const follower = spawn(program, words, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(follower, 'exit');
    const says = (stream: Readable, what: RegExp): Promise<void> =>
      new Promise((resolve) => {
        let said = '';
        stream.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (what.test(said)) resolve();
        });
      });
    const shown = says(follower.stdout, / conjur \S+ audit .*began to export the audit trail\n/u);
    await says(follower.stderr, /following the audit trail/u);
    await runCommand([...holdfast, 'export', '--since', '1m'], { timeoutMs: 60_000, env });
    await shown;
    follower.kill('SIGINT');
    assert.deepEqual(await ended, [0, null]);
  });

  await t.test('a second demo in the same place is refused', async () => {
    const second = await demo('--detach', '--dir', dir);
    assert.equal(second.code, 2);
    assert.match(second.stderr, /--dir: a demo runs in .*--stop/u);
  });

  const stopped = await demo('--stop', '--dir', dir);
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.deepEqual(await processesOf(dir), []);
});
