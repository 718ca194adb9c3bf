import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdTlsFiles } from '../coordination/etcd-endpoints.ts';
import { type EtcdProcess } from '../coordination/etcd-server.ts';
import { makeTestCa, type TestCa } from '../coordination/testing/certificates.ts';
import {
  freePorts,
  gatewayTo,
  killMember,
  memberSettings,
  planMembers,
  startMember,
  type TestMember,
} from '../coordination/testing/etcd-members.ts';
import { waitHealthy } from '../coordination/etcd-server.ts';
import { isProblem } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem-codes.ts';
import { resolveRunAs } from '../runtime/run-as.ts';
import { openCluster } from './cluster-client.ts';
import { checkEtcdCertificates } from './doctor-certificates.ts';
import { readEtcdCredentials } from './etcd-credentials.ts';
import { connectStore } from './etcd-endpoints.ts';
import { proveExternalEtcd } from './external-etcd.ts';
import { initialiseNode } from './initialise-node.ts';
import { joinCluster } from './join-cluster.ts';
import { nodeLayout } from './layout.ts';
import { httpsUrl } from './member-etcd.ts';
import { readNodeConfig } from './node-config.ts';
import type { EtcdFiles } from './operations.ts';
import { initOptions, joinOptions, makeRoot, openControl, removeRoot } from './testing/enrolment-lab.ts';

let root = '';
let ca: TestCa;
let otherCa: TestCa;
let client: EtcdFiles;
let member: TestMember;
let etcd: EtcdProcess;
const started: EtcdProcess[] = [];

before(async () => {
  root = await makeRoot();
  [ca, otherCa] = await Promise.all([makeTestCa(root, 'etcd-ca'), makeTestCa(root, 'other-ca')]);
  const server = await ca.issue('server');
  client = filesOf(await ca.issue('holdfast'));
  [member, etcd] = await startEtcdWith('etcd1', server);
  const gateway = await gatewayTo([member], server);
  await waitHealthy(etcd, gateway, member.endpoint, 20_000);
  gateway.close();
});
after(async () => {
  for (const one of started) await killMember(one);
  await removeRoot(root);
});

const filesOf = ({ caFile, certFile, keyFile }: EtcdTlsFiles): EtcdFiles => ({
  ca: caFile,
  cert: certFile,
  key: keyFile,
});
const refusal = (code: ProblemCode, words: RegExp) => (error: unknown) => {
  assert.ok(isProblem(error, code), String(error));
  assert.match(error.detail, words);
  return true;
};

async function startEtcdWith(name: string, tls: EtcdTlsFiles): Promise<[TestMember, EtcdProcess]> {
  const [planned] = await planMembers([name]);
  assert.ok(planned);
  const process = await startMember(memberSettings(root, planned, [planned], tls));
  started.push(process);
  return [planned, process];
}

/** Whether etcd listens yet: one whose gateway cannot reach it is never healthy. */
async function listening({ clientUrl }: TestMember): Promise<void> {
  const { hostname, port } = new URL(clientUrl);
  for (const end = performance.now() + 10_000; performance.now() < end; ) {
    const socket = connect(Number(port), hostname);
    const [open] = await Promise.allSettled([once(socket, 'connect')]);
    socket.destroy();
    if (open.status === 'fulfilled') return;
    await sleep(50);
  }
  assert.fail('etcd does not listen');
}

test('files that cannot work are refused with the option, before anything is asked', async () => {
  const now = Date.now();
  const text = join(root, 'letter.txt');
  await writeFile(text, 'not a certificate');
  const refused = async (files: Partial<EtcdFiles>, words: RegExp): Promise<void> =>
    assert.rejects(readEtcdCredentials({ ...client, ...files }, now), refusal('config_invalid', words));
  await refused({ ca: null, key: null }, /^--etcd-ca, --etcd-key: an external etcd/u);
  await refused({ cert: join(root, 'none.crt') }, /^--etcd-cert: .*none\.crt cannot be read \(ENOENT/u);
  await refused(
    { ca: text, cert: text, key: text },
    /^--etcd-ca: .*PEM.*--etcd-cert: .*PEM.*--etcd-key: .*PEM/u,
  );
  await refused({ key: filesOf(await ca.issue('pair')).key }, /--etcd-key: .* not the private key of/u);
  await refused(filesOf(await ca.issue('late', -1)), /--etcd-cert: .* expired on 20/u);
  await refused(filesOf(await ca.issue('server-only', 1, 'serverAuth')), /--etcd-cert: .*clientAuth/u);
  await readEtcdCredentials(client, now);
});

test('an etcd that does not take the files, or is not there, is told from one that does', async () => {
  const refused = async (url: string, files: EtcdFiles, code: ProblemCode, words: RegExp): Promise<void> =>
    assert.rejects(proveExternalEtcd([url], files, 'lab'), refusal(code, words));
  const foreign = filesOf(await otherCa.issue('foreign'));
  await refused(
    member.clientUrl,
    { ...foreign, ca: client.ca },
    'config_invalid',
    /^--etcd-cert: etcd refuses/u,
  );
  await refused(member.clientUrl, { ...client, ca: otherCa.certFile }, 'config_invalid', /^--etcd-ca: /u);
  const named = member.clientUrl.replace('127.0.0.1', 'localhost');
  await refused(named, client, 'config_invalid', /^--etcd: .*not good for the host/u);
  const [port] = await freePorts(1);
  await refused(`https://127.0.0.1:${port}`, client, 'store_unavailable', /^--etcd: .*does not answer/u);
  const halfServer = await ca.issue('half-server', 1, 'serverAuth');
  const [half] = await startEtcdWith('half', halfServer);
  await listening(half);
  await refused(half.clientUrl, client, 'config_invalid', /^--etcd: .*clientAuth beside serverAuth/u);
  await proveExternalEtcd([member.clientUrl], client, 'lab');
});

test('init and join make nodes that reach an external etcd with copies of what they were given', async () => {
  const dir = join(root, 'n1');
  const external = { externalEtcd: [member.clientUrl], etcdFiles: client };
  await initialiseNode(await initOptions(dir, external));
  const [config, layout] = [await readNodeConfig(dir), nodeLayout(dir)];
  assert.deepEqual(config.etcd, { mode: 'external', endpoints: [member.clientUrl] });
  assert.equal(config.addresses.etcdClient, null);
  assert.equal(await readFile(layout.etcdTls.cert, 'utf8'), await readFile(client.cert ?? '', 'utf8'));
  const key = await stat(layout.etcdTls.key);
  assert.equal(key.mode & 0o777, 0o600);
  assert.equal(key.uid, (await stat(layout.tls.key)).uid);
  const levels = async (nowMs: number) => (await checkEtcdCertificates(layout, nowMs)).map((f) => f.level);
  assert.deepEqual([...new Set(await levels(Date.now()))], ['warning'], 'a day is left');
  assert.ok((await levels(Date.now() + 5 * 86_400_000)).includes('fault'));

  await using disposal = new AsyncDisposableStack();
  const connection = disposal.adopt(await connectStore(config, layout), (one) => one.close());
  const control = await openControl(config, layout, connection);
  disposal.defer(() => control.close());
  const cluster = disposal.adopt(await openCluster(dir), (one) => one.close());
  assert.deepEqual((await cluster.status()).etcd, [
    { name: 'etcd1', healthy: true, leader: true, learner: false },
  ]);

  const { text: token } = await cluster.createToken({ kind: 'standby', ttlMs: 60_000 });
  const to = { url: httpsUrl('127.0.0.1', config.addresses.agent), token };
  const joined = join(root, 'n2');
  const bare = await joinOptions(joined, 'n2', to);
  await assert.rejects(
    joinCluster(bare),
    refusal('config_invalid', /^--etcd-ca, --etcd-cert, --etcd-key: /u),
  );
  const foreign = filesOf(await otherCa.issue('stranger'));
  await assert.rejects(
    joinCluster({ ...bare, etcdFiles: { ...foreign, ca: client.ca } }),
    refusal('config_invalid', /^--etcd-cert: etcd refuses/u),
  );
  assert.deepEqual(
    (await cluster.members()).map(({ name }) => name),
    ['n1'],
    'nobody was let in',
  );
  // Another machine, with the same token: it was not used up.
  const other = await joinOptions(join(root, 'n3'), 'n3', to, { etcdFiles: client });
  await joinCluster(other);
  assert.deepEqual((await cluster.members()).at(-1)?.addresses.etcdClient, null);
  const newcomer = disposal.adopt(await openCluster(other.dir), (one) => one.close());
  assert.equal((await newcomer.members()).length, 2);
  assert.equal((await stat(nodeLayout(other.dir).etcdTls.key)).uid, resolveRunAs('postgres')?.uid ?? key.uid);

  const again = await cluster.createToken({ kind: 'standby', ttlMs: 60_000 });
  await joinCluster({ ...bare, token: again.text, etcdFiles: client });
  assert.equal((await readNodeConfig(joined)).state, 'ready', 'the attempt that was refused goes on');
});
