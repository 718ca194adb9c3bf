import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ApiLab, startApiLab } from './testing/api-lab.ts';

describe('holdfast sync, with a real server and a directory', { timeout: 120_000 }, () => {
  let lab: ApiLab;
  let config: string;
  before(async () => {
    lab = await startApiLab();
    await lab.file('admin.key', lab.adminApiKey);
    config = await lab.file(
      'sync.yml',
      `vault: corp
target: {url: '${lab.url}', account: ${lab.server.account}, login: admin, apiKeyFile: admin.key}
source: {kind: directory, path: source}
removal: {policy: delete, most: 1, mostPercent: 100}
every: 1s
stateDirectory: state
`,
    );
    await put('shop/web/db/password', 'first');
    await put('shop/web/db/username', 'root');
    await put('shop/web/api/key', 'k');
    await put('shop/ops/a:b/password', 'x');
  });
  after(() => lab.stop());

  const put = async (path: string, value: string): Promise<void> => {
    const file = join(lab.home, 'source', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, value);
  };
  const sync = (command: string, ...more: readonly string[]) =>
    lab.holdfast(['sync', command, '--config', config, ...more]);
  const value = async (id: string): Promise<string> => {
    const path = `/secrets/${lab.server.account}/variable/${encodeURIComponent(id)}`;
    return (await lab.server.asAdmin({ method: 'GET', url: path })).body;
  };

  it('examines what it needs before it begins', async () => {
    const { code, stdout } = await sync('doctor');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /takes us for admin/u);
    assert.match(stdout, /shop: 3 accounts in 2 safes/u);
    assert.equal((await sync('status')).code, 1);
  });

  it('shows a pass, makes it, and tells of it afterwards', async () => {
    const dry = await sync('once', '--dry-run');
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /^\+ corp\/shop\/ops\/a~3Ab\/password$/mu);
    assert.match(
      dry.stdout,
      /Nothing was changed\. It would be: 3 accounts, 0 unchanged; 4 made, 4 values to write/u,
    );
    assert.equal((await sync('status')).code, 1);
    const pass = await sync('once');
    assert.equal(pass.code, 0, pass.stdout);
    assert.equal(await value('corp/shop/ops/a~3Ab/password'), 'x');
    const status: { readonly counts: Readonly<Record<string, number>> } = JSON.parse(
      (await sync('status', '--json')).stdout,
    );
    assert.deepEqual(
      [status.counts['created'], status.counts['written'], status.counts['failed']],
      [4, 4, 0],
    );
  });

  it('writes what changed, in the safe that is named', async () => {
    await put('shop/web/db/password', 'value two');
    await put('shop/ops/a:b/password', 'y');
    const pass = await sync('once', '--safe', 'web');
    assert.match(pass.stdout, /^~ corp\/shop\/web\/db\/password {2}another value$/mu);
    assert.deepEqual(
      [await value('corp/shop/web/db/password'), await value('corp/shop/ops/a~3Ab/password')],
      ['value two', 'x'],
    );
  });

  it('asks before it removes more than one pass may', async () => {
    await rm(join(lab.home, 'source/shop/web/db'), { recursive: true });
    const stopped = await sync('once');
    assert.deepEqual([stopped.code, await value('corp/shop/ops/a~3Ab/password')], [1, 'x']);
    assert.match(
      stopped.stdout,
      /^- corp\/shop\/web\/db\/password .*2 variables would be removed, and 1 may be.*--dry-run --accept-removals 2;.*--accept-removals 2/msu,
    );
    assert.match((await sync('status')).stdout, /too many removals/u);
    const pass = await sync('once', '--accept-removals', '2');
    assert.equal(pass.code, 0, pass.stdout);
    assert.equal(await value('corp/shop/ops/a~3Ab/password'), 'y');
    assert.match(await value('corp/shop/web/db/password'), /CONJ00076E/u);
  });

  it('says everything that is wrong with its configuration, and with its keys', async () => {
    const wrong = await lab.file('wrong.yml', 'vault: corp\nsource: {kind: oracle}\n');
    const { code, stderr } = await lab.holdfast(['sync', 'once', '--config', wrong]);
    assert.equal(code, 2);
    for (const fault of [
      'has 3 faults',
      'target: is missing',
      'source.kind: "oracle" is none of',
      'stateDirectory: is missing',
    ])
      assert.ok(stderr.includes(fault), stderr);
    await chmod(join(lab.home, 'admin.key'), 0o644);
    assert.match((await sync('once')).stderr, /target.apiKeyFile: .*can be read by others; run "chmod 600/u);
    assert.match((await sync('doctor')).stdout, /can be read by others/u);
    await chmod(join(lab.home, 'admin.key'), 0o600);
  });

  it('makes pass after pass until it is told to stop', async () => {
    const main = join(import.meta.dirname, 'main.ts');
    await put('shop/web/api/key', 'value three');
    const daemon = spawn(process.execPath, [main, 'sync', 'run', '--config', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { HOME: lab.home },
    });
    let log = '';
    daemon.stderr.setEncoding('utf8');
    for await (const chunk of daemon.stderr) {
      log += String(chunk);
      if ((log.match(/pass done/gu) ?? []).length >= 2) break;
    }
    const exited = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
    assert.equal(await value('corp/shop/web/api/key'), 'value three');
  });

  it('prints no key and no value', async () => {
    const status = await readFile(join(lab.home, 'state/status.json'), 'utf8');
    for (const text of [lab.printed(), status]) {
      for (const secret of [lab.adminApiKey, 'value two', 'value three'])
        assert.equal(text.includes(secret), false);
    }
  });
});
