import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isProblem, type Problem } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem-codes.ts';
import { resolveRunAs } from '../runtime/run-as.ts';
import type { EtcdTlsFiles } from './etcd-endpoints.ts';
import { explainEtcdExit } from './etcd-last-words.ts';
import { waitHealthy } from './etcd-server.ts';
import { type EtcdSettings, etcdArguments } from './etcd-settings.ts';
import { readEtcdVersion } from './etcd-version.ts';
import { makeTestCa } from './testing/certificates.ts';
import {
  gatewayTo,
  killMember,
  memberSettings,
  planMembers,
  startMember,
  type TestMember,
} from './testing/etcd-members.ts';

describe('starting an etcd member', () => {
  let dir: string;
  let tls: EtcdTlsFiles;
  let members: readonly TestMember[];
  let one: TestMember;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'holdfast-etcd-'));
    await chmod(dir, 0o755);
    tls = await (await makeTestCa(dir, 'ca')).issue('node');
    members = await planMembers(['one']);
    const [first] = members;
    assert.ok(first);
    one = first;
  });

  after(() => rm(dir, { recursive: true, force: true }));

  const settings = (change: Partial<EtcdSettings> = {}): EtcdSettings => ({
    ...memberSettings(dir, one, members, tls),
    ...change,
  });
  const refused = (change: Partial<EtcdSettings>, code: ProblemCode, sentence: RegExp) =>
    assert.rejects(
      startMember(settings(change)),
      (error) => isProblem(error, code) && sentence.test(error.detail),
    );

  it('runs without root rights, stops when told, and resumes with its data', async () => {
    const user = resolveRunAs('postgres'); // null when the tests do not run as root themselves
    if (user !== null) for (const file of Object.values(tls)) await chown(file, user.uid, user.gid);
    const gateway = await gatewayTo(members, tls);
    for (const kind of ['new', 'resume'] as const) {
      const etcd = await startMember(settings({ start: { kind } }), user);
      const status = await waitHealthy(etcd, gateway, one.endpoint, 10_000);
      assert.equal(status.leaderId, status.memberId);
      assert.equal(status.version, etcd.version);
      assert.doesNotMatch(await readFile(`/proc/${etcd.pid}/status`, 'utf8'), /^Uid:\t0/m);
      assert.equal((await etcd.stop(5000)).problem, null);
    }
    gateway.close();
    assert.ok((await readdir(join(dir, 'one'))).includes('member'));
  });

  it('gives up waiting at once when the member dies', async () => {
    const gateway = await gatewayTo(members, tls);
    const etcd = await startMember(settings({ dataDir: join(dir, 'dies') }));
    const startedAt = performance.now();
    const waiting = waitHealthy(etcd, gateway, '127.0.0.1:1', 20_000);
    await Promise.all([assert.rejects(waiting), killMember(etcd)]);
    assert.ok(performance.now() - startedAt < 5000);
    gateway.close();
  });

  it('refuses to resume on a directory that is gone, and says how to come back', () =>
    refused(
      { dataDir: join(dir, 'wiped'), start: { kind: 'resume' } },
      'etcd_data_missing',
      /remove that member by id/,
    ));

  it('refuses a directory of another cluster, and files that are not etcd data', async () => {
    const foreign = join(dir, 'foreign');
    await mkdir(join(foreign, 'member'), { recursive: true });
    await refused({ dataDir: foreign }, 'directory_not_ours', /etcd data of an unknown cluster/);
    const homely = join(dir, 'homely');
    await mkdir(homely);
    await writeFile(join(homely, 'letter.txt'), 'dear');
    await refused({ dataDir: homely }, 'directory_not_ours', /letter\.txt/);
    await refused(
      { dataDir: join(dir, 'one'), clusterToken: 'other' },
      'directory_not_ours',
      /it is marked as/,
    );
  });

  it('refuses a port that is taken, and names the setting', async () => {
    const squatter = createServer();
    const port = Number(new URL(one.peerUrl).port);
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    await refused({ dataDir: join(dir, 'squat') }, 'port_taken', /peerUrl/);
    await new Promise((resolve) => squatter.close(resolve));
  });

  it('refuses settings that cannot work, naming the field', () => {
    const invalid = (change: Partial<EtcdSettings>, field: RegExp) =>
      assert.throws(
        () => etcdArguments(settings(change)),
        (error) => isProblem(error, 'config_invalid') && field.test(error.detail),
      );
    invalid({ name: 'a,b' }, /name/);
    invalid({ clientUrl: 'http://127.0.0.1:1' }, /https/);
    invalid({ initialCluster: {} }, /initialCluster/);
    invalid({ electionTimeoutMs: 100 }, /electionTimeoutMs/);
  });

  it('asks for certificates on both ports, and puts nothing but names of files on the command line', () => {
    const argv = etcdArguments(settings());
    for (const option of ['--client-cert-auth=true', '--peer-client-cert-auth=true', '--pre-vote=true']) {
      assert.ok(argv.includes(option), option);
    }
    assert.ok(argv.includes('--heartbeat-interval=50') && argv.includes('--election-timeout=500'));
    assert.ok(argv.includes(`--key-file=${tls.keyFile}`));
  });
});

describe('the version of etcd', () => {
  it('is taken from 3.4 to 3.6, and else told what to install', () => {
    assert.equal(readEtcdVersion('etcd Version: 3.4.23\nGit SHA: x'), '3.4.23');
    assert.equal(readEtcdVersion('etcd Version: 3.6.1'), '3.6.1');
    for (const text of ['etcd Version: 3.3.25', 'etcd Version: 4.0.0', 'something else']) {
      assert.throws(
        () => readEtcdVersion(text),
        (error) => isProblem(error, 'etcd_version_unsupported') && error.detail.includes('Install etcd'),
      );
    }
  });
});

describe('the end of etcd', () => {
  it('is explained by what it logged last', () => {
    const end = { code: 1, signal: null };
    const explain = (line: string): Problem => explainEtcdExit('one', end, [line]);
    assert.equal(explain('listen tcp 127.0.0.1:1: bind: address already in use').code, 'port_taken');
    assert.equal(explain('"error":"member 2a has already been bootstrapped"').code, 'etcd_data_missing');
    assert.equal(explain('tocommit(9) is out of range [lastIndex(0)]').code, 'etcd_data_missing');
    assert.match(explain('something new').detail, /code 1: something new/);
  });
});
