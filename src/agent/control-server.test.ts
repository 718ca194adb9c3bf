import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Secret } from '../core/secret.ts';
import { authorityFiles } from '../identity/authority.ts';
import { createKeyAndRequest } from '../identity/node-key.ts';
import { nodeExtensions, signRequest } from '../identity/sign-request.ts';
import { createTestAuthority } from '../identity/testing/test-authority.ts';
import { open } from '../identity/sealed-box.ts';
import { openCluster } from './cluster-client.ts';
import { readBody } from './http-limits.ts';
import { dataKeyContext, encodeJoinRequest, parseJoinAnswer } from './join-exchange.ts';
import {
  nodeOptions,
  makeRoot,
  removeRoot,
  type RunningFounder,
  startFounder,
} from './testing/enrolment-lab.ts';

let root = '';
let founder: RunningFounder;
before(async () => {
  root = await makeRoot();
  founder = await startFounder(join(root, 'n1'));
});
after(async () => {
  await founder[Symbol.asyncDispose]();
  await removeRoot(root);
});

interface Client {
  readonly cert: string;
  readonly key: string;
}

interface Said {
  readonly status: number;
  readonly text: string;
  readonly code: unknown;
}

async function call(method: string, path: string, client: Client | null, body?: string): Promise<Said> {
  const ca = await readFile(founder.layout.tls.ca, 'utf8');
  const sent = request(new URL(path, founder.url), { method, ca, agent: false, ...client });
  sent.end(body);
  const [answer]: IncomingMessage[] = await once(sent, 'response');
  assert.ok(answer);
  const text = await readBody(answer, 1_000_000);
  const code: unknown = JSON.parse(text)?.error?.code;
  return { status: answer.statusCode ?? 0, text, code };
}

async function ownCertificate(): Promise<Client> {
  const { cert, key } = founder.layout.tls;
  return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
}

async function expiredCertificate(): Promise<Client> {
  const keyFile = join(root, 'old.key');
  const requestPem = await createKeyAndRequest({ keyFile, commonName: 'n1' });
  const cert = await signRequest({
    requestPem,
    issuer: authorityFiles(founder.layout.authority),
    subject: '/CN=n1',
    extensions: nodeExtensions(['n1'], ['127.0.0.1']),
    notBefore: new Date(Date.now() - 7_200_000),
    notAfter: new Date(Date.now() - 3_600_000),
  });
  return { cert, key: await readFile(keyFile, 'utf8') };
}

test('answers a certificate of the cluster, and nobody else', async () => {
  const good = await call('GET', '/v1/node', await ownCertificate());
  assert.equal(good.status, 200);
  const { name, kind, cluster, version } = JSON.parse(good.text);
  assert.deepEqual({ name, kind, cluster }, { name: 'n1', kind: 'standby', cluster: 'lab' });
  assert.match(version, /^\d+\.\d+\.\d+/);
  await using other = await createTestAuthority('lab');
  const foreign = await other.node('n1');
  const callers = {
    none: null,
    expired: await expiredCertificate(),
    foreign: { cert: foreign.certPem, key: foreign.keyPem },
  };
  for (const [who, client] of Object.entries(callers)) {
    for (const path of ['/v1/node', '/', '/v1/other']) {
      const said = await call('GET', path, client);
      assert.deepEqual([said.status, said.code], [401, 'certificate_required'], `${who} at ${path}`);
    }
    const asked = await call('GET', '/v1/join', client);
    assert.equal(asked.status, 401, `${who} asks to join by GET`);
  }
});

test('knows its routes, and says so', async () => {
  const own = await ownCertificate();
  assert.equal((await call('GET', '/nowhere', own)).status, 404);
  assert.equal((await call('DELETE', '/v1/node', own)).status, 405);
});

test('a follower never receives the key of the authority, standbys of both kinds sealed to their key alone', async () => {
  const caKey = await readFile(join(founder.layout.authority, 'ca.key'), 'utf8');
  const dataKey = (await readFile(founder.layout.dataKey, 'utf8')).trim();
  for (const kind of ['follower', 'standby', 'asynchronous'] as const) {
    const keyFile = join(root, `${kind}.key`);
    const requestPem = await createKeyAndRequest({ keyFile, commonName: kind });
    const { ports, host } = await nodeOptions(root, kind);
    const cluster = await openCluster(founder.dir);
    const { text } = await cluster.createToken({ kind, ttlMs: 60_000 });
    cluster.close();
    const body = encodeJoinRequest({ token: text, name: kind, addresses: { host, ...ports }, requestPem });
    const said = await call('POST', '/v1/join', null, body);
    assert.equal(said.status, 200, said.text);
    const answer = parseJoinAnswer(said.text);
    assert.equal(answer.authorityKey === null, kind === 'follower');
    assert.ok(!said.text.includes('PRIVATE KEY'));
    // The private number stands in the first two lines of the key; the third is public, and in every certificate.
    for (const secret of [dataKey, ...caKey.split('\n').slice(1, 3)]) assert.ok(!said.text.includes(secret));
    const opened = open(await readFile(keyFile), answer.dataKey, dataKeyContext('lab', kind));
    assert.equal(opened.toString('base64'), dataKey);
    assert.throws(() => open(caKey, answer.dataKey, dataKeyContext('lab', kind)), /does not open/);
  }
});

test('refuses a body without end, one that is no join, and a flood of attempts', async () => {
  const junk = await call('POST', '/v1/join', null, JSON.stringify({ name: 'x' }));
  assert.deepEqual([junk.status, junk.code], [422, 'request_malformed']);
  const { ports, host } = await nodeOptions(root, 'x');
  const addresses = { host, ...ports };
  const requestPem = 'none';
  const bad = encodeJoinRequest({ token: new Secret('hf1_nothing'), name: 'x', addresses, requestPem });
  assert.deepEqual((await call('POST', '/v1/join', null, bad)).code, 'token_invalid');
  const large = await call('POST', '/v1/join', null, 'x'.repeat(70_000));
  assert.deepEqual([large.status, large.code], [413, 'body_too_large']);
  const codes: number[] = [];
  while (codes.length < 30 && codes.at(-1) !== 429)
    codes.push((await call('POST', '/v1/join', null, '{}')).status);
  assert.equal(codes.at(-1), 429);
});
