import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isProblem } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem-codes.ts';
import { Secret } from '../core/secret.ts';
import { describeCertificate } from '../identity/certificate.ts';
import { mintToken } from '../identity/join-token.ts';
import { createTestAuthority } from '../identity/testing/test-authority.ts';
import { type ClusterClient, openCluster } from './cluster-client.ts';
import { joinCluster } from './join-cluster.ts';
import { httpsUrl } from './member-etcd.ts';
import { nodeLayout } from './layout.ts';
import { readNodeConfig } from './node-config.ts';
import { findStrays } from '../instance/kill.ts';
import {
  joinOptions,
  makeRoot,
  openControl,
  removeRoot,
  type RunningFounder,
  startFounder,
} from './testing/enrolment-lab.ts';

let root = '';
let founder: RunningFounder;
let cluster: ClusterClient;
before(async () => {
  root = await makeRoot();
  founder = await startFounder(join(root, 'n1'));
  cluster = await openCluster(founder.dir);
});
after(async () => {
  cluster.close();
  await founder[Symbol.asyncDispose]();
  await removeRoot(root);
});

const refusal = (code: ProblemCode, words: RegExp) => (error: unknown) =>
  isProblem(error, code) && words.test(error.detail);
const token = async (kind: 'standby' | 'asynchronous' | 'follower', ttlMs = 60_000) => {
  const { text, url } = await cluster.createToken({ kind, ttlMs });
  return { token: text, url };
};
const names = async (): Promise<readonly string[]> => (await cluster.members()).map(({ name }) => name);

test('a standby gets a certificate for its own key, the data key, and the authority', async () => {
  const dir = join(root, 'n2');
  const given = await token('standby');
  assert.equal(given.url, founder.url);
  const options = await joinOptions(dir, 'n2', given);
  await joinCluster(options);
  const config = await readNodeConfig(dir);
  const layout = nodeLayout(dir);
  assert.equal(config.state, 'ready');
  assert.deepEqual(
    [config.kind, config.account, config.publicName, config.cluster, config.etcd],
    [
      'standby',
      'demo',
      'vault.example.com',
      'lab',
      { mode: 'own', endpoints: founder.config.etcd.endpoints },
    ],
  );
  assert.equal(await readFile(layout.dataKey, 'utf8'), await readFile(founder.layout.dataKey, 'utf8'));
  assert.equal(
    await readFile(join(layout.authority, 'ca.key'), 'utf8'),
    await readFile(join(founder.layout.authority, 'ca.key'), 'utf8'),
  );
  const cert = describeCertificate(await readFile(layout.tls.cert, 'utf8'));
  assert.ok(cert.issuerMatches(await readFile(founder.layout.tls.ca, 'utf8')));
  assert.deepEqual([...cert.dnsNames].sort(), ['localhost', 'n2', 'vault.example.com']);
  assert.notEqual(await readFile(layout.tls.key, 'utf8'), await readFile(founder.layout.tls.key, 'utf8'));
  const declared = (await cluster.members()).find(({ name }) => name === 'n2');
  assert.deepEqual(declared, {
    name: 'n2',
    kind: 'standby',
    addresses: { host: '127.0.0.1', ...options.ports },
  });
  assert.ok(!(await readdir(dir)).includes('enrolment.json'));
});

test('a follower gets no authority and an audit instance of its own', async () => {
  const dir = join(root, 'f1');
  const targets: unknown[] = [];
  const given = await token('follower');
  const options = await joinOptions(dir, 'f1', given, {
    provisionAudit: (target) => {
      targets.push(target);
      return Promise.resolve();
    },
  });
  await joinCluster(options);
  const layout = nodeLayout(dir);
  assert.deepEqual(targets, [{ socketDir: layout.sockets, auditPort: options.ports.audit }]);
  assert.ok((await readdir(join(layout.instances.audit, 'pgdata'))).includes('PG_VERSION'));
  assert.deepEqual(await readdir(layout.instances.data), []);
  assert.deepEqual(findStrays({ dir: layout.instances.audit }), []);
  assert.ok(!(await readdir(dir)).includes('authority'));
  assert.equal((await readNodeConfig(dir)).addresses.etcdClient, null);
});

test('a follower cannot let anybody in and names those who can', async () => {
  const dir = join(root, 'f1');
  const config = await readNodeConfig(dir);
  const control = await openControl(config, nodeLayout(dir), founder.connection);
  try {
    const url = httpsUrl('127.0.0.1', config.addresses.agent);
    const options = await joinOptions(join(root, 'late'), 'late', { ...(await token('standby')), url });
    await assert.rejects(
      joinCluster(options),
      refusal('no_authority', new RegExp(`${founder.url} \\(n1\\)`)),
    );
  } finally {
    await control.close();
  }
});

test('refuses a used, an expired, an altered and a foreign token, each in its own words', async () => {
  const dir = join(root, 'refused');
  const attempt = async (given: { readonly token: Secret<string>; readonly url: string }) =>
    joinCluster(await joinOptions(dir, 'n9', given));
  const used = await token('standby');
  await joinCluster(await joinOptions(join(root, 'n3'), 'n3', used));
  await assert.rejects(attempt(used), refusal('join_refused', /used already, by n3/));
  const cut = new Secret(used.token.reveal().slice(0, -9));
  await assert.rejects(
    attempt({ ...used, token: cut }),
    refusal('token_invalid', /incomplete or was altered/),
  );
  const caFingerprint = describeCertificate(await readFile(founder.layout.tls.ca, 'utf8')).fingerprint;
  const made = mintToken({
    cluster: 'lab',
    kind: 'standby',
    caFingerprint,
    expiresAtMs: Date.now() + 60_000,
  });
  await assert.rejects(
    attempt({ ...used, token: made.text }),
    refusal('join_refused', /knows no such join token/),
  );
  const brief = await cluster.createToken({ kind: 'standby', ttlMs: 1000 });
  while (Date.now() <= brief.expiresAt.getTime()) await new Promise((resolve) => setTimeout(resolve, 20));
  await assert.rejects(
    attempt({ token: brief.text, url: brief.url }),
    refusal('join_refused', /expired on 20/),
  );
  assert.ok(!(await names()).includes('n9'));
  const wanted = await joinOptions(dir, 'n9', await token('standby'));
  await joinCluster(wanted); // what failed before is gone on with
  assert.ok((await names()).includes('n9'));
});

test('sends nothing to a node of another cluster, and says what is unreachable', async () => {
  await using other = await createTestAuthority('other');
  const node = await other.node('n1');
  let asked = 0;
  const impostor = createTlsServer(
    { cert: `${node.certPem}${other.caPem}`, key: node.keyPem },
    (_, response) => {
      asked += 1;
      response.end('{}');
    },
  );
  impostor.listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  const address = impostor.address();
  const url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const given = await token('standby');
  const options = await joinOptions(join(root, 'lured'), 'lured', { ...given, url });
  await assert.rejects(joinCluster(options), refusal('peer_untrusted', /another fingerprint/));
  assert.equal(asked, 0);
  impostor.close();
  await assert.rejects(joinCluster(options), refusal('peer_unreachable', /ECONNREFUSED/));
});

test('does not send the token to whoever passes the authority along without a certificate of it', async () => {
  await using other = await createTestAuthority('other');
  const node = await other.node('n1');
  const caPem = await readFile(founder.layout.tls.ca, 'utf8');
  let asked = 0;
  const impostor = createTlsServer({ cert: `${node.certPem}${caPem}`, key: node.keyPem }, () => {
    asked += 1;
  });
  impostor.listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  const address = impostor.address();
  const url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const options = await joinOptions(join(root, 'lured2'), 'lured2', { ...(await token('standby')), url });
  await assert.rejects(joinCluster(options), (error) => isProblem(error, 'peer_untrusted'));
  assert.equal(asked, 0);
  impostor.close();
});

test('a name that is taken is refused, and stays with its owner', async () => {
  const options = await joinOptions(join(root, 'n2-twin'), 'n2', await token('standby'));
  await assert.rejects(
    joinCluster(options),
    refusal('member_exists', /has a node n2 already.*member remove n2/),
  );
  await assert.rejects(
    joinCluster(await joinOptions(join(root, 'local'), 'localhost', await token('standby'))),
    refusal('config_invalid', /--name/),
  );
});

test('of two machines with one token exactly one gets in', async () => {
  const given = await token('asynchronous');
  const [a, b] = await Promise.all(
    ['race-a', 'race-b'].map((name) => joinOptions(join(root, name), name, given)),
  );
  assert.ok(a !== undefined && b !== undefined);
  const results = await Promise.allSettled([joinCluster(a), joinCluster(b)]);
  const refused = results.filter((result) => result.status === 'rejected');
  assert.equal(refused.length, 1);
  assert.ok(isProblem(refused[0]?.reason, 'join_refused'), String(refused[0]?.reason));
  assert.equal((await names()).filter((name) => name.startsWith('race-')).length, 1);
});

test('an interrupted join is gone on with by the same token and key', async () => {
  const dir = join(root, 'n4');
  const stop = new AbortController();
  const given = await token('follower');
  const options = await joinOptions(dir, 'n4', given, {
    signal: stop.signal,
    provisionAudit: () => {
      stop.abort();
      return Promise.reject(new Error('cut off'));
    },
  });
  await assert.rejects(joinCluster(options), refusal('interrupted', /"holdfast join"/));
  assert.ok((await names()).includes('n4'), 'the cluster had let it in');
  const key = await readFile(nodeLayout(dir).tls.key, 'utf8');
  const again = await joinOptions(dir, 'n4', given);
  await joinCluster(again);
  assert.equal(await readFile(nodeLayout(dir).tls.key, 'utf8'), key);
  const declared = (await cluster.members()).filter(({ name }) => name === 'n4');
  assert.deepEqual(
    declared.map(({ addresses }) => addresses.api),
    [again.ports.api],
  );
  await cluster.removeMember('n4');
  const third = await joinOptions(join(root, 'n4-third'), 'n4', given);
  await assert.rejects(joinCluster(third), refusal('join_refused', /used already, by n4/));
});
