import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../store/testing/temporary-postgres.ts';
import { type ApiLab, startApiLab } from './testing/api-lab.ts';

describe('holdfast sync, with a real server and a directory', { timeout: 300_000 }, () => {
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
    const unread = await sync('doctor');
    assert.match(unread.stdout, /can be read by others/u);
    assert.match(unread.stdout, /accounts in \d safes/u, 'the source is looked at, too');
    await chmod(join(lab.home, 'admin.key'), 0o600);
    const text = (await readFile(config, 'utf8')).replace('admin.key', 'wrong.key');
    await lab.file('wrong.key', 'not-the-key');
    const taken = new URL(lab.url).host;
    const refused = await lab.file('refused.yml', `${text}http: {listen: '${taken}'}\nelection:\n`);
    const { stdout } = await lab.holdfast(['sync', 'doctor', '--config', refused]);
    assert.equal(stdout.match(/log in as admin/gu)?.length, 1, stdout);
    assert.match(stdout, /enroll NAME --rotate/u);
    assert.match(stdout, /http\.listen: .* something else listens there/u);
    assert.match(stdout, /accounts in \d safes/u);
  });

  it('tells of one safe and of one account', async () => {
    await put('shop/web/empty/password', '');
    assert.equal((await sync('once')).code, 1);
    const web = await sync('status', '--safe', 'web');
    assert.equal(web.code, 1);
    assert.match(web.stdout, /^corp\/shop\/web +2 +1 /mu);
    assert.doesNotMatch(web.stdout, /shop\/ops/u);
    const failed = await sync('status', '--account', 'empty');
    assert.match(failed.stdout, /corp\/shop\/web, empty: .*the value is empty/u);
    const carried = await sync('status', '--account', 'a:b');
    assert.deepEqual(
      [carried.code, /✓ "a:b" in shop, .*: password/u.test(carried.stdout)],
      [0, true],
      carried.stdout,
    );
    const unknown = await sync('status', '--account', 'nobody');
    assert.deepEqual([unknown.code, /No pass knows of an account "nobody"/u.test(unknown.stdout)], [1, true]);
    assert.equal((await sync('status', '--safe', 'nowhere')).code, 1);
    await rm(join(lab.home, 'source/shop/web/empty'), { recursive: true });
    assert.equal((await sync('once')).code, 0);
  });

  const daemons: ChildProcess[] = [];
  after(() => daemons.forEach((daemon) => daemon.kill('SIGKILL')));

  /** The daemon, and what it logs; `until` waits for a line. */
  const startDaemon = (file: string) => {
    const main = join(import.meta.dirname, 'main.ts');
    const daemon = spawn(process.execPath, [main, 'sync', 'run', '--config', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { HOME: lab.home },
    });
    const exited = once(daemon, 'exit');
    daemons.push(daemon);
    let log = '';
    daemon.stderr.setEncoding('utf8');
    daemon.stderr.on('data', (chunk: string) => {
      log += chunk;
    });
    return {
      log: () => log,
      until: async (pattern: RegExp, times = 1): Promise<void> => {
        const signal = AbortSignal.timeout(60_000);
        while ((log.match(pattern) ?? []).length < times) await once(daemon.stderr, 'data', { signal });
      },
      kill: async (signal: NodeJS.Signals): Promise<unknown> => {
        daemon.kill(signal);
        return exited;
      },
    };
  };

  it('makes pass after pass until it is told to stop', async () => {
    await put('shop/web/api/key', 'value three');
    await put('shop/ops/a:b/password', '');
    const daemon = startDaemon(config);
    await daemon.until(/pass done/gu, 3);
    const told = daemon.log().match(/"account":"a:b".*"not as it should be"/gu) ?? [];
    assert.equal(told.length, 1, 'what is amiss is said once, not after each pass');
    await put('shop/ops/a:b/password', 'y');
    assert.match(daemon.log().split('\n')[0] ?? '', /the synchronizer runs/u);
    assert.match(daemon.log().split('\n')[0] ?? '', /"vault":"corp".*"login":"admin"/u);
    assert.deepEqual(await daemon.kill('SIGTERM'), [0, null]);
    assert.equal(await value('corp/shop/web/api/key'), 'value three');
  });

  it('works alone in its directory, and leaves it free when it is killed', async () => {
    const daemon = startDaemon(config);
    await daemon.until(/pass done/gu);
    for (const command of ['once', 'run']) {
      const second = await sync(command);
      assert.equal(second.code, 1);
      assert.match(second.stderr, /another synchronizer works in .*\/state\./u);
      assert.equal(second.stderr.includes('sync accept-removals N'), command === 'once');
    }
    assert.equal((await sync('once', '--dry-run')).code, 0);
    assert.match((await sync('status')).stdout, /^running +yes; it is the only one, since 20/mu);
    await daemon.kill('SIGKILL');
    assert.match((await sync('status')).stdout, /^running +no$/mu);
    assert.equal((await sync('once')).code, 0);
  });

  it('is let remove more by a file that one pass makes use of, while it runs', async () => {
    const rare = await lab.file(
      'rare.yml',
      (await readFile(config, 'utf8')).replace('mostPercent: 100', 'mostPercent: 0'),
    );
    await put('shop/ops/old/password', 'gone soon');
    assert.equal((await sync('once')).code, 0);
    await rm(join(lab.home, 'source/shop/ops/old'), { recursive: true });
    const daemon = startDaemon(rare);
    await daemon.until(/"level":"error".*pass stopped: too many removals/gu);
    const stopped = await sync('status');
    assert.match(stopped.stdout, /^ {2}- corp\/shop\/ops\/old\/password$/mu);
    assert.match(stopped.stdout, /holdfast sync accept-removals 1,/u);
    const accepted = await sync('accept-removals', '1');
    assert.equal(accepted.code, 0, accepted.stderr);
    await daemon.until(/"pass done"/gu);
    assert.match(await value('corp/shop/ops/old/password'), /CONJ00076E/u);
    const { stdout } = await sync('status', '--json');
    assert.equal(JSON.parse(stdout).accepted, null);
    assert.deepEqual(await daemon.kill('SIGTERM'), [0, null]);
    assert.equal((await sync('accept-removals', '1')).code, 0);
    assert.match((await sync('status')).stdout, /^accepted +1 removal, for the next pass$/mu);
    await rm(join(lab.home, 'state/accepted.json'));
  });

  it('can be looked at and stopped with a configuration that has faults', async () => {
    const file = await lab.file('broken.yml', 'stateDirectory: state\ntarget: nowhere\nwhat: ever\n');
    const run = (command: string) => lab.holdfast(['sync', command, '--config', file]);
    assert.match((await run('status')).stdout, /^running +no$/mu);
    const paused = await run('pause');
    assert.deepEqual(
      [paused.code, paused.stderr.includes(`holdfast sync resume --config ${file}`)],
      [0, true],
    );
    assert.doesNotMatch(paused.stderr, /others/u);
    assert.match((await run('resume')).stderr, /Resumed/u);
  });

  it('says, where several take turns, that a pause is of one alone', async () => {
    const file = await lab.file('several.yml', 'stateDirectory: several\nelection: {protocol: fenced}\n');
    const { stderr } = await lab.holdfast(['sync', 'pause', '--config', file]);
    assert.match(stderr, /The others of its election go on\. .* the leader last\./u);
  });

  it('rests while it is paused, also after a restart, and tells so', async () => {
    const port = await freePort();
    const text = (await readFile(config, 'utf8')).replace('every: 1s', 'every: 1h');
    const file = await lab.file('probed.yml', `${text}http: {listen: '127.0.0.1:${port}'}\n`);
    const ask = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}/${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    const first = startDaemon(file);
    await first.until(/pass done/gu);
    const well = await ask('health');
    assert.equal(well.status, 200, well.text);
    const health: Record<string, unknown> = JSON.parse(well.text);
    assert.deepEqual([health['healthy'], health['role'], health['paused']], [true, 'alone', null]);
    assert.equal((await sync('pause', '--because', 'moving house')).code, 0);
    await first.until(/"paused"/gu);
    assert.deepEqual(await first.kill('SIGTERM'), [0, null]);

    await put('shop/web/api/key', 'value four');
    const second = startDaemon(file);
    await second.until(/"paused"/gu);
    const resting = await ask('health');
    assert.deepEqual([resting.status, /paused: moving house/u.test(resting.text)], [200, true], resting.text);
    assert.match((await sync('status')).stdout, /^paused +since .*: moving house$/mu);
    assert.match((await ask('metrics')).text, /^holdfast_sync_paused 1$/mu);
    assert.equal(await value('corp/shop/web/api/key'), 'value three');
    assert.match((await sync('resume')).stderr, /Resumed/u);
    await second.until(/pass done/gu);
    assert.equal(await value('corp/shop/web/api/key'), 'value four');
    const { text: metrics } = await ask('metrics');
    for (const line of [
      'holdfast_sync_passes_total{end="done"} 1',
      'holdfast_sync_changes_total{verb="written"} 1',
      'holdfast_sync_paused 0',
      'holdfast_sync_leader 1',
      'holdfast_sync_lease_left_seconds Nan',
      'holdfast_sync_accounts{state="failed"} 0',
    ])
      assert.ok(metrics.includes(`\n${line}\n`), `${line}\n${metrics}`);
    assert.match(metrics, /^holdfast_sync_calls_total\{side="target",end="answered"\} [1-9]/mu);
    assert.match(metrics, /^holdfast_sync_last_success_timestamp_seconds 1\d{9}/mu);
    assert.equal((await ask('leader')).status, 404);
    assert.equal((await fetch(`http://127.0.0.1:${port}/health`, { method: 'POST' })).status, 405);

    const taken = await lab.file(
      'taken.yml',
      `${text.replace('state\n', 'other\n')}http: {listen: '127.0.0.1:${port}'}\n`,
    );
    const refused = await lab.holdfast(['sync', 'run', '--config', taken]);
    assert.deepEqual(
      [refused.code, /http.listen: 127.0.0.1:\d+ cannot be listened on/u.test(refused.stderr)],
      [2, true],
    );
    assert.deepEqual(await second.kill('SIGTERM'), [0, null]);
    for (const secret of [lab.adminApiKey, 'value four'])
      assert.equal(
        [well.text, resting.text, metrics, first.log(), second.log()].join('').includes(secret),
        false,
      );
  });

  it('is asked by status for what its disk did not take', async () => {
    const daemon = startDaemon(config);
    // Two more, since one may be under way.
    const passes = () => daemon.until(/pass done/gu, (daemon.log().match(/pass done/gu)?.length ?? 0) + 2);
    await passes();
    const file = join(lab.home, 'state/status.json');
    await rm(file);
    await mkdir(file); // nothing can be renamed onto a directory
    await passes();
    const { code, stdout } = await sync('status');
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^✗ What follows is known to the running synchronizer alone\. stateDirectory: .*EISDIR/mu,
    );
    assert.match(stdout, /^ended +20\d\d-/mu);
    const told: { readonly unkept: unknown; readonly endedAt: unknown } = JSON.parse(
      (await sync('status', '--json')).stdout,
    );
    assert.deepEqual([typeof told.unkept, typeof told.endedAt], ['string', 'string']);
    await rm(file, { recursive: true });
    await passes();
    assert.deepEqual(await daemon.kill('SIGTERM'), [0, null]);
    assert.doesNotMatch((await sync('status')).stdout, /known to the running/u);
  });

  it('prints no key and no value', async () => {
    const status = await readFile(join(lab.home, 'state/status.json'), 'utf8');
    for (const text of [lab.printed(), status]) {
      for (const secret of [lab.adminApiKey, 'value two', 'value three'])
        assert.equal(text.includes(secret), false);
    }
  });
});
