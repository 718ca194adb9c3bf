import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import { isProblem } from '../core/problem.ts';
import type { EtcdTlsFiles } from './etcd-endpoints.ts';
import { openEtcdGateway } from './etcd-gateway.ts';
import { type EtcdProcess, waitHealthy } from './etcd-server.ts';
import { createEtcdStore } from './etcd-store.ts';
import { makeTestCa } from './testing/certificates.ts';
import {
  gatewayTo,
  killMember,
  memberSettings,
  planMembers,
  startMember,
  type TestMember,
} from './testing/etcd-members.ts';

describe('mutual TLS', () => {
  const stores: ClusterStore[] = []; // closed at the end, whatever fails: an open watch would keep the test alive
  const opened = (...args: Parameters<typeof createEtcdStore>): ClusterStore => {
    const store = createEtcdStore(...args);
    stores.push(store);
    return store;
  };
  let dir: string;
  let ours: EtcdTlsFiles;
  let strangers: Readonly<Record<string, EtcdTlsFiles | null>>;
  let members: readonly TestMember[];
  let one: TestMember;
  let etcd: EtcdProcess;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'holdfast-etcd-'));
    const ca = await makeTestCa(dir, 'ca');
    const other = await makeTestCa(dir, 'other');
    ours = await ca.issue('node');
    strangers = {
      'from another CA': await other.issue('node'),
      'that has expired': await ca.issue('old', -1),
      'that is missing': null,
    };
    members = await planMembers(['one']);
    const [first] = members;
    assert.ok(first);
    one = first;
    etcd = await startMember(memberSettings(dir, one, members, ours));
    const gateway = await gatewayTo(members, ours);
    await waitHealthy(etcd, gateway, one.endpoint, 10_000);
    gateway.close();
  });

  after(async () => {
    for (const store of stores) store.close();
    await killMember(etcd);
    await rm(dir, { recursive: true, force: true });
  });

  for (const port of ['client', 'peer'] as const) {
    it(`refuses a certificate from another CA, an expired one, and none at all on the ${port} port`, async () => {
      const url = new URL('/version', port === 'client' ? one.clientUrl : one.peerUrl);
      assert.equal(await statusWith(url, ours, ours.caFile), 200);
      for (const [what, files] of Object.entries(strangers)) {
        await assert.rejects(statusWith(url, files, ours.caFile), (error) => isTlsFault(error), what);
      }
    });
  }

  it('says that a write was refused when etcd did not take the certificate, and writes nothing', async () => {
    for (const files of Object.values(strangers)) {
      if (files === null) continue;
      const endpoints = [one.clientUrl];
      const gateway = await openEtcdGateway({ endpoints, tls: { ...files, caFile: ours.caFile } });
      const store = opened(gateway);
      const write = store.txn([], [{ kind: 'put', key: '/stranger', value: 'v' }], { timeoutMs: 400 });
      await assert.rejects(write, (error) => isProblem(error, 'store_unavailable'));
      store.close();
    }
    const store = opened(await gatewayTo(members, ours));
    assert.deepEqual((await store.read('/stranger', { timeoutMs: 2000 })).entries, []);
    store.close();
  });

  it('talks to no server whose certificate is from another CA', async () => {
    const stranger = strangers['from another CA'];
    assert.ok(stranger);
    const tls = { ...ours, caFile: stranger.caFile };
    const store = opened(await openEtcdGateway({ endpoints: [one.clientUrl], tls }));
    await assert.rejects(
      store.read('/k', { timeoutMs: 300 }),
      (error) => isProblem(error, 'store_unavailable') && /certificate/.test(error.detail),
    );
    store.close();
  });

  it('uses a renewed certificate once it is told to read it again', async () => {
    const stranger = strangers['from another CA'];
    assert.ok(stranger);
    const tls = { caFile: ours.caFile, certFile: join(dir, 'mine.crt'), keyFile: join(dir, 'mine.key') };
    await copyFile(stranger.certFile, tls.certFile);
    await copyFile(stranger.keyFile, tls.keyFile);
    const gateway = await openEtcdGateway({ endpoints: [one.clientUrl], tls });
    const store = opened(gateway);
    await assert.rejects(store.read('/k', { timeoutMs: 300 }));
    await copyFile(ours.certFile, tls.certFile);
    await copyFile(ours.keyFile, tls.keyFile);
    await gateway.renewTls();
    assert.deepEqual((await store.read('/k', { timeoutMs: 2000 })).entries, []);
    store.close();
  });

  it('names the file that cannot be read, and the pair that does not fit', async () => {
    const open = (tls: EtcdTlsFiles) => openEtcdGateway({ endpoints: [one.clientUrl], tls });
    await assert.rejects(
      open({ ...ours, keyFile: '/nowhere/key' }),
      (error) => isProblem(error, 'config_invalid') && error.detail.includes('keyFile: /nowhere/key'),
    );
    const stranger = strangers['from another CA'];
    assert.ok(stranger);
    await assert.rejects(open({ ...ours, keyFile: stranger.keyFile }), (error) =>
      isProblem(error, 'config_invalid'),
    );
  });
});

/** The HTTP status of a GET with a client certificate (or none). */
async function statusWith(url: URL, files: EtcdTlsFiles | null, caFile: string): Promise<number> {
  const ca = await readFile(caFile);
  const own =
    files === null ? {} : { cert: await readFile(files.certFile), key: await readFile(files.keyFile) };
  return new Promise((resolve, reject) => {
    const call = request(url, { ca, ...own, agent: false, timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.on('error', reject);
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.end();
  });
}

/** An alert of the server, or its closing of the connection right after the handshake. */
function isTlsFault(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.includes('_ALERT_') || code === 'ECONNRESET';
}
