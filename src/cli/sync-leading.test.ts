import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../store/testing/temporary-postgres.ts';
import { type ApiLab, startApiLab } from './testing/api-lab.ts';

const main = join(import.meta.dirname, 'main.ts');

interface Answer {
  readonly status: number;
  readonly text: string;
}

describe('synchronizers as an administrator sets them up', { timeout: 300_000 }, () => {
  let lab: ApiLab;
  const running: ChildProcess[] = [];
  before(async () => {
    lab = await startApiLab();
    await lab.logIn('admin', lab.adminApiKey);
    await put('shop/web/db/password', 'first');
  });
  after(async () => {
    for (const child of running) child.kill('SIGKILL');
    await lab.stop();
  });

  const put = async (path: string, value: string): Promise<void> => {
    const file = join(lab.home, 'source', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, value);
  };

  const make = async (name: string) => {
    const port = await freePort();
    const config = await lab.file(
      `${name}.yml`,
      `vault: corp
target: {url: '${lab.url}', account: ${lab.server.account}, login: host/conjur/vault-synchronizer/${name}, apiKeyFile: ${name}.key}
source: {kind: directory, path: source}
every: 1s
stateDirectory: state-${name}
election: {lease: 20s, name: ${name}}
http: {listen: '127.0.0.1:${port}'}
`,
    );
    const sync = async (...words: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await lab.holdfast(['sync', ...words]);
      assert.equal(code, 0, stdout + stderr);
      return stdout + stderr;
    };
    return {
      enrol: async (): Promise<void> => {
        await sync('init', '--config', config);
        await sync('enroll', name, '--key-file', join(lab.home, `${name}.key`));
      },
      sync: (command: string, ...words: readonly string[]) => sync(command, '--config', config, ...words),
      ask: async (path: string): Promise<Answer> => {
        const answer = await fetch(`http://127.0.0.1:${port}/${path}`);
        return { status: answer.status, text: await answer.text() };
      },
      start: () => {
        const child = spawn(process.execPath, [main, 'sync', 'run', '--config', config], {
          stdio: ['ignore', 'ignore', 'pipe'],
          env: { HOME: lab.home },
        });
        running.push(child);
        let log = '';
        child.stderr.setEncoding('utf8');
        child.stderr.on('data', (chunk: string) => {
          log += chunk;
        });
        return {
          until: async (pattern: RegExp, times = 1): Promise<void> => {
            while ((log.match(pattern) ?? []).length < times)
              await once(child.stderr, 'data', { signal: AbortSignal.timeout(40_000) });
          },
          log: () => log,
        };
      },
    };
  };

  it('one leads in good health and the other waits in good health; a pause hands over at once', async () => {
    const [one, two] = [await make('sync1'), await make('sync2')];
    await one.enrol();
    await two.enrol();
    for (const { sync } of [one, two]) assert.match(await sync('doctor'), /All is well/u);
    const first = one.start();
    await first.until(/"pass done"/gu);
    const second = two.start();
    await second.until(/another synchronizer leads/gu);
    const leading = await one.ask('health');
    assert.deepEqual([leading.status, /"role":"leader"/u.test(leading.text)], [200, true], leading.text);
    const left = Number(/"leaseLeftSeconds":([\d.]+)/u.exec(leading.text)?.[1]);
    assert.ok(left > 0 && left <= 20, leading.text);
    const waiting = await two.ask('health');
    assert.deepEqual([waiting.status, /"role":"standby"/u.test(waiting.text)], [200, true], waiting.text);
    assert.match((await two.ask('metrics')).text, /^holdfast_sync_leader 0$/mu);
    const metrics = (await one.ask('metrics')).text;
    assert.match(metrics, /^holdfast_sync_leader 1$/mu);
    assert.match(metrics, /^holdfast_sync_terms_total 1$/mu);
    assert.match(metrics, /^holdfast_sync_lease_left_seconds \d/mu);
    // While somebody leads, everything that an election makes is there, and is no fault.
    assert.match(await two.sync('doctor'), /All is well/u);

    const pausedAt = performance.now();
    await one.sync('pause', '--because', 'moving house');
    await second.until(/"pass done"/gu);
    const tookMs = performance.now() - pausedAt;
    // Whoever waits for the lease to pass waits for two thirds of it at least.
    assert.ok(tookMs < 12_000, `${tookMs} ms`);
    const resting = await one.ask('health');
    assert.deepEqual([resting.status, /paused: moving house/u.test(resting.text)], [200, true], resting.text);
    assert.match((await one.ask('metrics')).text, /^holdfast_sync_leader 0$/mu);
    assert.match((await two.ask('health')).text, /"role":"leader"/u);

    await one.sync('resume');
    await first.until(/another synchronizer leads/gu);
    assert.match((await one.ask('health')).text, /"role":"standby"/u);
    await one.sync('pause');
    await first.until(/"msg":"paused"/gu, 2);
    assert.match((await one.ask('health')).text, /"leader":null/u, 'whoever rests watches nobody');
    await one.sync('resume');
    assert.doesNotMatch(`${first.log()}${second.log()}`, /pass failed/u);
  });

  it('one that may not take part is in ill health, and says what is missing', async () => {
    const three = await make('sync3');
    await three.enrol();
    const right = `{role: !group conjur/vault-synchronizer/members, privileges: [execute], resource: !variable conjur/vault-synchronizer/leader-expiration}`;
    const policy = async (text: string): Promise<void> => {
      const file = await lab.file('policy.yml', text);
      const { code, stderr } = await lab.holdfast(['policy', 'update', '-b', 'root', '-f', file, '--yes']);
      assert.equal(code, 0, stderr);
    };
    await policy(`- !deny ${right}`);
    const third = three.start();
    await third.until(/the election cannot be held/gu);
    const ill = await three.ask('health');
    assert.equal(ill.status, 503, ill.text);
    assert.match(ill.text, /the election cannot be held \(api_/u);
    const { stdout } = await lab.holdfast(['sync', 'status', '--config', join(lab.home, 'sync3.yml')]);
    assert.match(stdout, /✗ The election cannot be held: .*leader-expiration/u);
    await policy(`- !permit ${right}`);
    await third.until(/another synchronizer leads|"pass done"/gu);
    assert.equal((await three.ask('health')).status, 200);
  });
});
