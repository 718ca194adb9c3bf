import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeCluster } from '../core/failover/codec.ts';
import { isProblem } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem-codes.ts';
import { Secret } from '../core/secret.ts';
import { describeCertificate } from '../identity/certificate.ts';
import { findStrays } from '../instance/kill.ts';
import { readControlData } from '../instance/control-data.ts';
import { findPostgres } from '../instance/binaries.ts';
import { createLogger } from '../runtime/log.ts';
import { resolveRunAs } from '../runtime/run-as.ts';
import { initialiseNode } from './initialise-node.ts';
import { nodeLayout } from './layout.ts';
import { readNodeConfig } from './node-config.ts';
import { instanceSettings } from './node-context.ts';
import type { ProvisionTarget } from './operations.ts';
import { requireFreePorts } from './ports-free.ts';
import { initOptions, makeRoot, removeRoot, startFounder } from './testing/enrolment-lab.ts';

let root = '';
before(async () => {
  root = await makeRoot();
});
after(() => removeRoot(root));

const refusal = (code: ProblemCode, words: RegExp) => (error: unknown) =>
  isProblem(error, code) && words.test(error.detail);

test('leaves a whole node that holds the first term and runs nothing', async () => {
  const dir = join(root, 'whole');
  let target: ProvisionTarget | null = null;
  await using founder = await startFounder(dir, {
    provision: (given) => {
      target = given;
      return Promise.resolve(new Secret('k'));
    },
  });
  const { config, layout, connection } = founder;
  assert.equal(config.state, 'ready');
  const socketDir = layout.sockets;
  const { data: dataPort, audit: auditPort } = config.addresses;
  assert.deepEqual(target, { socketDir, dataPort, auditPort, account: 'demo', dataKeyFile: layout.dataKey });
  const state = decodeCluster(
    await connection.store.read(connection.keys.prefix, { timeoutMs: 3000 }),
    connection.keys,
  );
  assert.deepEqual(state?.sync.value, { term: 1, master: 'n1', standbys: [], previous: [], alone: true });
  assert.deepEqual(state?.released, [{ term: 1, reason: 'initialised', successor: null }]);
  assert.deepEqual(state?.config.value.members, [
    { name: 'n1', kind: 'standby', addresses: config.addresses },
  ]);
  assert.ok((state?.config.value.beatMs ?? 9999) <= 2000 / 6);
  assert.equal(state?.history[0]?.value.term, 1);
  await assertClosedFiles(dir);
  const cert = describeCertificate(await readFile(layout.tls.cert, 'utf8'));
  assert.deepEqual([...cert.dnsNames].sort(), ['localhost', 'n1', 'vault.example.com']);
  assert.deepEqual(cert.ipAddresses, ['127.0.0.1']);
  const { binDir } = await findPostgres(null);
  const log = createLogger({ name: 'test', level: 'fatal' });
  for (const name of ['data', 'audit'] as const) {
    const settings = instanceSettings(name, { config, layout, runAs: resolveRunAs('postgres'), log, binDir });
    assert.equal((await readControlData(settings)).clusterState, 'shut down', `${name} stopped in order`);
  }
});

async function assertClosedFiles(dir: string): Promise<void> {
  const layout = nodeLayout(dir);
  const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  assert.equal(await mode(layout.tls.key), 0o600);
  assert.equal(await mode(layout.dataKey), 0o600);
  assert.equal(await mode(layout.authority), 0o700);
  assert.equal(await mode(join(layout.authority, 'ca.key')), 0o600);
  assert.match(await readFile(layout.dataKey, 'utf8'), /^[A-Za-z0-9+/]{43}=\n$/);
  assert.equal((await stat(layout.tls.key)).uid, resolveRunAs('postgres')?.uid ?? process.getuid?.());
}

test('refuses a directory that holds a node, a foreign file, or nothing it could reach', async () => {
  const held = await initOptions(join(root, 'whole'));
  await assert.rejects(
    initialiseNode(held),
    refusal('directory_not_ours', /holds the node n1 of the cluster lab/),
  );
  const foreign = join(root, 'foreign');
  await mkdir(foreign);
  await writeFile(join(foreign, 'letter.txt'), 'mine');
  const options = await initOptions(foreign);
  await assert.rejects(initialiseNode(options), refusal('directory_not_ours', /not empty \(letter.txt/));
  assert.deepEqual(await readdir(foreign), ['letter.txt']);
  if (process.getuid?.() !== 0) return;
  const closed = join(root, 'closed');
  await mkdir(closed, { mode: 0o700 });
  const inside = await initOptions(join(closed, 'node'));
  await assert.rejects(
    initialiseNode(inside),
    refusal('directory_not_ours', new RegExp(`chmod o\\+x ${closed}"`)),
  );
  assert.deepEqual(await readdir(closed), []);
});

test('names the option of a taken port, and every fault of the options at once', async () => {
  const options = await initOptions(join(root, 'ports'));
  const taken = createServer().listen(options.ports.audit, '127.0.0.1');
  await once(taken, 'listening');
  await assert.rejects(
    initialiseNode(options),
    refusal(
      'port_taken',
      new RegExp(`^--audit-port: another program listens on 127.0.0.1:${options.ports.audit}`),
    ),
  );
  taken.close();
  const ports = { ...options.ports, api: 0, peer: options.ports.data };
  await assert.rejects(
    initialiseNode({ ...options, name: 'Not_A_Name', listen: 'here', ports }),
    refusal('config_invalid', /--name: .*--listen: .*--api-port: .*--data-port: /),
  );
  await assert.rejects(
    initialiseNode({ ...options, ttlMs: 500 }),
    refusal('config_invalid', /^--ttl: 0.5 s/),
  );
});

test('stops everything when interrupted, and a second run starts over', async () => {
  const stop = new AbortController();
  const dir = join(root, 'interrupted');
  const options = await initOptions(dir, {
    signal: stop.signal,
    provision: () => {
      stop.abort();
      return Promise.reject(new Error('cut off'));
    },
  });
  await assert.rejects(initialiseNode(options), refusal('interrupted', /Run it again/));
  for (const instance of Object.values(nodeLayout(dir).instances))
    assert.deepEqual(findStrays({ dir: instance }), []);
  await requireFreePorts(options);
  assert.equal((await readNodeConfig(dir)).state, 'preparing');
  const again = await initOptions(dir);
  assert.equal((await initialiseNode(again)).adminApiKey.reveal(), 'the admin key');
  assert.equal((await readNodeConfig(dir)).state, 'ready');
  assert.ok(!(await readdir(dir)).includes('enrolment.json'));
});

test('an init that is at work keeps a second one out', async () => {
  const dir = join(root, 'twice');
  const stop = new AbortController();
  const first = initialiseNode(await initOptions(dir, { signal: stop.signal }));
  const second = initialiseNode(await initOptions(dir));
  const results = await Promise.allSettled([first, second]);
  const refused = results.filter((result) => result.status === 'rejected');
  assert.equal(refused.length, 1);
  assert.ok(isProblem(refused[0]?.reason, 'directory_not_ours'));
});
