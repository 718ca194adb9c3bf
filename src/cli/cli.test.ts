import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CommandResult, runCommand } from '../runtime/run-command.ts';

const main = join(import.meta.dirname, 'main.ts');

function holdfast(
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return runCommand([process.execPath, main, ...args], { timeoutMs: 30_000, input, env });
}

interface Mistake {
  readonly args: readonly string[];
  readonly input?: string;
  /** What the one sentence must name. */
  readonly says: RegExp;
}

const mistakes: readonly Mistake[] = [
  { args: ['statsu'], says: /unknown command 'statsu'.*status.*holdfast --help/u },
  { args: ['status', '--jsn'], says: /unknown option '--jsn'.*--json.*holdfast status --help/u },
  { args: ['status', '--dir', '/nonexistent'], says: /--dir: .*\/nonexistent.*holdfast init/u },
  { args: ['node', '--dir', '/nonexistent'], says: /--dir: .*\/nonexistent/u },
  { args: ['node', '--log-level', 'loud'], says: /--log-level: "loud".*debug/u },
  { args: ['init', '--ports', '70000'], says: /--ports: "70000"/u },
  { args: ['init', '--api-port', 'https'], says: /--api-port: "https"/u },
  { args: ['init', '--ttl', '1s'], says: /--ttl: "1s".*2s and 5m/u },
  { args: ['init', '--load-balancer', 'vault'], says: /--load-balancer: "vault".*HOST:API:DATA:AUDIT/u },
  { args: ['init', '--etcd', 'etcd1'], says: /--etcd: "etcd1".*https:/u },
  { args: ['init', '--etcd', 'http://etcd1:2379'], says: /--etcd: "http:.*without TLS.*https/u },
  {
    args: ['init', '--host', 'db1', '--etcd', 'https://etcd1:2379', '--etcd-ca', 'ca.crt'],
    says: /--etcd-cert, --etcd-key: an external etcd.*--etcd-cert and --etcd-key/u,
  },
  {
    args: ['init', '--host', 'db1', '--etcd-key', 'etcd.key'],
    says: /--etcd-key: name the external etcd with --etcd/u,
  },
  { args: ['init', '--dir', '/proc/none', '--name', 'N 1'], says: /--name: "N 1"/u },
  { args: ['join'], says: /missing required argument 'url'.*holdfast join --help/u },
  { args: ['join', 'db1'], says: /url: "db1".*https:/u },
  {
    args: ['join', 'https://db1:8406', '--token-file', '/nonexistent'],
    says: /--token-file: \/nonexistent/u,
  },
  {
    args: ['join', 'https://db1:8406', '--token-file', '-'],
    says: /--token-file: standard input holds no join token/u,
  },
  {
    args: ['join', 'https://db1:8406', '--token', 'x', '--token-file', 'y'],
    says: /--token and --token-file/u,
  },
  { args: ['token', 'create'], says: /'--kind <kind>' not specified.*holdfast token create --help/u },
  { args: ['token', 'create', '--kind', 'master'], says: /--kind: "master".*standby/u },
  { args: ['failover', '--force', '--accept-loss'], says: /--to: name the node/u },
  { args: ['failover', '--to', 'dr1'], says: /--force and --accept-loss.*switchover/u },
  { args: ['recover', '--dir', '/nonexistent'], says: /--dir: .*\/nonexistent/u },
  { args: ['recover', '--etcd-client-port', 'x'], says: /--etcd-client-port: "x"/u },
  { args: ['config', 'set', 'tll', '5s'], says: /setting: "tll".*ttl/u },
  { args: ['config', 'set', 'sync', '9'], says: /sync: "9"/u },
  { args: ['lb', 'haproxy', '--also', 'n2'], says: /--also: "n2".*NAME:KIND:HOST:BASE/u },
];

for (const { args, input, says } of mistakes) {
  test(`exits with 2 and one sentence: holdfast ${args.join(' ')}`, async () => {
    const { code, stdout, stderr } = await holdfast(args, input);
    const said = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('· ')); // steps before it
    assert.deepEqual({ code, stdout, lines: said.length }, { code: 2, stdout: '', lines: 1 });
    assert.match(said[0] ?? '', /^holdfast: /u);
    assert.match(stderr, says);
  });
}

test('exits with 2 and names the port that somebody else has', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-cli-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const options = [
    '--name',
    'n1',
    '--host',
    '127.0.0.1',
    '--listen',
    '127.0.0.1',
    '--audit-port',
    String(address.port),
  ];
  const { code, stderr } = await holdfast(['init', '--dir', join(dir, 'n1'), ...options]);
  assert.equal(code, 2);
  assert.match(stderr, new RegExp(`--audit-port: .*${address.port}`, 'u'));
});

test('exits with 2 and touches nothing in a directory that is not ours', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-cli-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'letter.txt'), 'mine');
  const { code, stderr } = await holdfast(['init', '--dir', dir, '--name', 'n1', '--host', '127.0.0.1']);
  assert.equal(code, 2);
  assert.match(stderr, /--dir: .*not empty/u);
});

test('a token never appears in what a failed join says', async () => {
  const token = 'hf1_canary-of-a-token';
  const { code, stderr } = await holdfast(
    ['join', 'https://127.0.0.1:9', '--host', '127.0.0.1', '--name', 'n9'],
    '',
    {
      HOLDFAST_JOIN_TOKEN: token,
      HOLDFAST_DIR: '/tmp/holdfast-never-made',
    },
  );
  assert.notEqual(code, 0);
  assert.ok(!stderr.includes('canary'));
});

test('help and version are answers, not failures', async () => {
  const [help, version, nothing] = await Promise.all([
    holdfast(['--help']),
    holdfast(['--version']),
    holdfast([]),
  ]);
  assert.deepEqual([help.code, help.stderr], [0, '']);
  assert.match(help.stdout, /holdfast init .*\n.*holdfast node/u);
  assert.match(version.stdout, /^\d+\.\d+\.\d+/u);
  assert.equal(nothing.code, 2);
});

test('details of a failure are shown on demand only', async () => {
  const quiet = await holdfast(['status', '--dir', '/nonexistent']);
  const loud = await holdfast(['status', '--dir', '/nonexistent'], '', { HOLDFAST_DEBUG: '1' });
  assert.ok(!quiet.stderr.includes(' at '));
  assert.match(loud.stderr, /\n {4}at /u);
});
