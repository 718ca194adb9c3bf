import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { places } from '../core/election/conjur/places.ts';
import { type ConjurScene, prepareElection } from '../elector/testing/conjur-scene.ts';
import { type ApiLab, startApiLab } from './testing/api-lab.ts';

const main = join(import.meta.dirname, 'main.ts');
const names = ['sync-1', 'sync-2'] as const;
/** Long enough that whoever waits for it to pass cannot be mistaken for one that was handed the lead. */
const leaseMs = 20_000;

interface Daemon {
  readonly until: (pattern: RegExp, times?: number) => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => Promise<unknown>;
  readonly log: () => string;
}

describe('two synchronizers of one target', { timeout: 180_000 }, () => {
  let lab: ApiLab;
  let scene: ConjurScene;
  const running: ChildProcess[] = [];
  before(async () => {
    lab = await startApiLab();
    scene = await prepareElection(lab.server, 'fenced', names);
    await lab.server.load(`
- !group corp-admins
- !policy {id: corp, owner: !group corp-admins}
- !grant {role: !group corp-admins, member: !group ${places.writers}}`);
    for (const name of names) {
      const { login, apiKey } = scene.member(name);
      await lab.file(`${name}.key`, apiKey.reveal());
      await lab.file(
        `${name}.yml`,
        `vault: corp
target: {url: '${lab.url}', account: ${lab.server.account}, login: ${login}, apiKeyFile: ${name}.key}
source: {kind: directory, path: source}
removal: {policy: delete, most: 10, mostPercent: 100}
every: 1s
stateDirectory: state-${name}
election: {lease: ${leaseMs}ms, name: ${name}}
`,
      );
    }
    await put('shop/web/db/password', 'first');
    await put('shop/web/db/username', 'root');
  });
  after(async () => {
    for (const child of running) child.kill('SIGKILL');
    await lab.stop();
  });

  const put = async (path: string, text: string): Promise<void> => {
    const file = join(lab.home, 'source', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  };
  const sync = (name: string, command: string, ...more: readonly string[]) =>
    lab.holdfast(['sync', command, '--config', join(lab.home, `${name}.yml`), ...more]);
  const value = async (id: string): Promise<string> => {
    const path = `/secrets/${lab.server.account}/variable/${encodeURIComponent(id)}`;
    return (await lab.server.asAdmin({ method: 'GET', url: path })).body;
  };
  const start = (name: string, ...more: readonly string[]): Daemon => {
    const config = join(lab.home, `${name}.yml`);
    const child = spawn(process.execPath, [main, 'sync', 'run', '--config', config, ...more], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { HOME: lab.home },
    });
    running.push(child);
    const exited = once(child, 'exit');
    let log = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (chunk: string) => {
      log += chunk;
    });
    return {
      log: () => log,
      until: async (pattern, times = 1) => {
        const signal = AbortSignal.timeout(3 * leaseMs);
        try {
          while ((log.match(new RegExp(pattern, 'gu')) ?? []).length < times)
            await once(child.stderr, 'data', { signal });
        } catch (error) {
          throw new Error(`${name} did not say ${pattern}: ${log}`, { cause: error });
        }
      },
      kill: async (signal) => {
        child.kill(signal);
        return exited;
      },
    };
  };

  it('one pass is made as the leader, by the writer of a term, and the lease is given up', async () => {
    const dry = await sync('sync-1', 'once', '--dry-run');
    assert.match(dry.stdout, /2 values to write/u, dry.stderr);
    const pass = await sync('sync-1', 'once');
    assert.equal(pass.code, 0, pass.stderr);
    assert.equal(await value('corp/shop/web/db/password'), 'first');
    assert.equal(await scene.expiration(), '0');
    const again = await sync('sync-2', 'once');
    assert.match(again.stdout, /1 accounts?, .*0 made, 0 values written/u, again.stdout + again.stderr);
    const messages = await lab.server.auditMessages();
    const writes = messages.filter((message) => /updated .*:variable:corp\//u.test(message));
    assert.equal(writes.length, 2);
    for (const write of writes) assert.match(write, /:host:conjur\/vault-synchronizer\/leader\/writer-/u);
  });

  it('one leads and the other waits; at SIGTERM it hands over, and a killed one is followed', async (t) => {
    const one = start('sync-1');
    await one.until(/"pass done"/);
    const other = start('sync-2');
    await other.until(/another synchronizer leads/);
    assert.match(other.log(), /"leader":"sync-1"/u);
    assert.match((await sync('sync-2', 'status')).stdout, /^running +yes; sync-1 leads, since/mu);
    assert.match((await sync('sync-1', 'status')).stdout, /^running +yes; it leads, since/mu);
    assert.doesNotMatch(other.log(), /pass done/u);

    await put('shop/web/db/password', 'second');
    const toldAt = performance.now();
    assert.deepEqual(await one.kill('SIGTERM'), [0, null]);
    await other.until(/"pass done"/);
    const handedOverMs = performance.now() - toldAt;
    assert.ok(handedOverMs < leaseMs / 2, `${handedOverMs} ms`);
    assert.match(other.log(), /"mode":"full"/u);
    assert.equal(await value('corp/shop/web/db/password'), 'second');

    const third = start('sync-1');
    await third.until(/another synchronizer leads/);
    await put('shop/web/db/password', 'value three');
    const killedAt = performance.now();
    await other.kill('SIGKILL');
    await third.until(/leads, by token/);
    const tookMs = performance.now() - killedAt;
    t.diagnostic(`handed over in ${Math.round(handedOverMs)} ms, taken over in ${Math.round(tookMs)} ms`);
    // Within the lease and 2 s, where the machine does nothing else (`npm run -s bench -- sync`); never only after a second one.
    assert.ok(tookMs < 1.75 * leaseMs, `${tookMs} ms`);
    await third.until(/"pass done"/);
    assert.equal(await value('corp/shop/web/db/password'), 'value three');
    const refused = await sync('sync-2', 'once');
    assert.deepEqual(
      [refused.code, /sync-1 leads, and makes the passes/u.test(refused.stderr)],
      [1, true],
      refused.stderr,
    );
    assert.deepEqual(await third.kill('SIGTERM'), [0, null]);
    for (const name of names) {
      const key = (await readFile(join(lab.home, `${name}.key`), 'utf8')).trim();
      for (const { log } of [one, other, third]) assert.equal(log().includes(key), false);
    }
  });

  it('by the published protocol it works as its member, and warns once', async () => {
    const published = await prepareElection(lab.server, 'published', names);
    await lab.server.load(`- !grant {role: !group corp-admins, member: !group ${places.members}}`);
    await lab.file('sync-1.key', published.member('sync-1').apiKey.reveal());
    const file = join(lab.home, 'sync-1.yml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('{lease:', '{protocol: published, lease:'));
    await put('shop/web/db/password', 'value four');
    const pass = await sync('sync-1', 'once');
    assert.equal(pass.code, 0, pass.stderr);
    assert.equal(pass.stderr.match(/may elect two leaders/gu)?.length, 1, pass.stderr);
    assert.equal(await value('corp/shop/web/db/password'), 'value four');
    assert.equal(await published.expiration(), '0');
    const messages = await lab.server.auditMessages();
    const writes = messages.filter((message) => /updated .*:variable:corp\//u.test(message));
    assert.match(writes.at(-1) ?? '', /:host:sync-1 /u);

    // Its file says nothing of a protocol, and so means the fenced one.
    await lab.file('sync-2.key', published.member('sync-2').apiKey.reveal());
    await put('shop/web/db/password', 'value five');
    const other = start('sync-2', '--protocol', 'published');
    await other.until(/"pass done"/);
    assert.equal(await value('corp/shop/web/db/password'), 'value five');
    assert.equal(other.log().match(/"level":"warn",.*may elect two leaders/gu)?.length, 1, other.log());
    assert.deepEqual(await other.kill('SIGTERM'), [0, null]);
    const later = await lab.server.auditMessages();
    assert.match(
      later.findLast((message) => /updated .*:variable:corp\//u.test(message)) ?? '',
      /:host:sync-2 /u,
    );
  });
});
