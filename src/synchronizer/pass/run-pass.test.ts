import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openClient } from '../../client/client.ts';
import type { Fetch } from '../../client/fetch.ts';
import { loadPolicy } from '../../client/policies.ts';
import { showResource } from '../../client/resources.ts';
import { readSecret, writeSecret } from '../../client/secrets.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { soleAuthority } from '../authority.ts';
import { openDirectorySource } from '../directory/directory-source.ts';
import { change, heldAccount, type PassLab, startPassLab } from '../testing/pass-lab.ts';
import { openStateFile } from '../state/state-file.ts';
import { needsAttention } from '../../core/sync/attention.ts';
import type { PassOutcome } from './outcome.ts';

function changes({ created, written, mended, enabled, disabled, removed, failures }: PassOutcome) {
  return [created, written, mended, enabled, disabled, removed, failures].map((list) => list.length);
}
const nothing = [0, 0, 0, 0, 0, 0, 0];

describe('a pass from a vault to a real server', { timeout: 120_000 }, () => {
  const listening = listeningServer();

  const retrieved = ({ pam }: PassLab): number =>
    pam.asked.filter((line) => line.endsWith('/Retrieve')).length;

  it('brings all values over, and with nothing changed asks for none of them again', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db:1', { userName: 'root' }), heldAccount('1_2', 'api')],
      ops: [heldAccount('2_1', '..', { address: '10.0.0.1' })],
    });
    const first = await lab.pass();
    assert.deepEqual([first.mode, first.accounts, changes(first)], ['full', 3, [5, 5, 0, 0, 0, 0, 0]]);
    assert.deepEqual(
      await lab.values(
        'l/web/db~3A1/password',
        'l/web/db~3A1/username',
        'l/web/api/password',
        'l/ops/~2E~2E/address',
      ),
      ['secret 1_1', 'root', 'secret 1_2', '10.0.0.1'],
    );
    assert.equal(retrieved(lab), 3);
    const second = await lab.pass();
    assert.deepEqual([second.mode, second.unchanged, changes(second)], ['quick', 3, nothing]);
    assert.equal(retrieved(lab), 3);
    assert.deepEqual(changes(await lab.pass({ full: true })), nothing);
  });

  it('lets an application in through the delegation of a safe', async (t) => {
    const lab = await startPassLab(t, listening, { web: [heldAccount('1_1', 'db')] });
    await lab.pass();
    const text = `- !host app-${lab.vault.replaceAll(' ', '-')}\n- !grant {role: !group '${lab.vault}/l/web/delegation/consumers', member: !host app-${lab.vault.replaceAll(' ', '-')}}`;
    const [[id, key] = ['', '']] = [...(await listening.server.load(text))];
    const authorization = await listening.server.tokenFor(`host/${id.split(':')[2] ?? ''}`, key);
    const path = `/secrets/${listening.server.account}/variable/${encodeURIComponent(`${lab.vault}/l/web/db/password`)}`;
    const answer = await listening.server.app.inject({
      method: 'GET',
      url: path,
      headers: { authorization },
    });
    assert.deepEqual([answer.statusCode, answer.body], [200, 'secret 1_1']);
  });

  it('follows what changed, was renamed, came and went in one quick pass', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [
        heldAccount('1_1', 'db'),
        heldAccount('1_2', 'old'),
        heldAccount('1_3', 'gone'),
        heldAccount('1_4', 'same'),
      ],
    });
    await lab.pass();
    await listening.server.load(
      `- !host seer\n- !permit {role: !host seer, privileges: [execute], resource: !variable '${lab.vault}/l/web/old/password'}`,
    );
    const [db, old] = lab.safe('web');
    change(db, 'changed');
    if (old !== undefined) old.name = 'new';
    lab.safe('web').splice(2, 1, heldAccount('1_5', 'fresh'));
    const pass = await lab.pass();
    assert.deepEqual([pass.mode, changes(pass)], ['quick', [2, 3, 0, 0, 0, 2, 0]]);
    assert.deepEqual(
      await lab.values(
        'l/web/db/password',
        'l/web/new/password',
        'l/web/fresh/password',
        'l/web/old/password',
        'l/web/gone/password',
      ),
      ['changed', 'secret 1_2', 'secret 1_5', null, null],
    );
    const renamed = await showResource(lab.client, {
      kind: 'variable',
      identifier: `${lab.vault}/l/web/new/password`,
    });
    assert.match(
      JSON.stringify(renamed['permissions']),
      /"role":"demo:host:seer"[^}]*"privilege":"execute"/u,
    );
    assert.deepEqual(changes(await lab.pass({ full: true })), nothing);
  });

  it('looks at everything from time to time, and not each time because an account always fails', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db'), heldAccount('1_2', 'empty', { password: '' })],
    });
    const modes: string[] = [];
    for (const fullCheckEveryMs of [3_600_000, 3_600_000, 0]) {
      const pass = await lab.pass({}, { fullCheckEveryMs });
      assert.deepEqual(
        pass.failures.map(({ account }) => account),
        ['empty'],
      );
      modes.push(pass.mode);
    }
    assert.deepEqual(modes, ['full', 'quick', 'full']);
  });

  it('follows a value that changes twice within one second of the vault', async (t) => {
    const lastModifiedTime = Math.floor(Date.now() / 1000);
    const lab = await startPassLab(t, listening, { web: [heldAccount('1_1', 'db', { lastModifiedTime })] });
    await lab.pass();
    const [account] = lab.safe('web');
    if (account !== undefined) account.password = 'the second within that second';
    const pass = await lab.pass();
    assert.deepEqual([pass.mode, pass.written.length, await lab.differences()], ['quick', 1, []]);
  });

  it('writes down what one account failed of, goes on, and tries again', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db'), heldAccount('1_2', 'api')],
    });
    lab.pam.misbehaviour = { kind: 'fails', path: /1_1\/Password\/Retrieve$/u, times: 3 };
    const pass = await lab.pass();
    assert.deepEqual(
      pass.failures.map(({ account, fault }) => [account, fault]),
      [['db', 'Cannot retrieve db: the vault failed (500).']],
    );
    assert.deepEqual(await lab.values('l/web/db/password', 'l/web/api/password'), [null, 'secret 1_2']);
    assert.deepEqual(changes(await lab.pass()), [0, 1, 0, 0, 0, 0, 0]);
    assert.deepEqual(await lab.values('l/web/db/password'), ['secret 1_1']);
  });

  it('finds what was changed by hand in a full pass, and mends or only tells it', async (t) => {
    const lab = await startPassLab(t, listening, { web: [heldAccount('1_1', 'db')] });
    await lab.pass();
    const id = `${lab.vault}/l/web/db/password`;
    await writeSecret(lab.client, id, new Secret(new TextEncoder().encode('by hand')));
    assert.deepEqual(changes(await lab.pass()), nothing);
    const reported = await lab.pass({ full: true }, { drift: 'report' });
    assert.deepEqual([reported.drifted, await lab.values('l/web/db/password')], [[id], ['by hand']]);
    const drift = [{ code: 'value_drifted', identifier: id }];
    assert.deepEqual(reported.reports, drift);
    assert.deepEqual((await lab.pass({}, { drift: 'report' })).reports, drift, 'until it is compared again');
    assert.equal(needsAttention(reported), true);
    const mended = await lab.pass({ full: true });
    assert.deepEqual([mended.mended, mended.reports], [[id], []]);
    assert.deepEqual((await lab.pass()).reports, []);
    assert.deepEqual(await lab.values('l/web/db/password'), ['secret 1_1']);
  });

  it('tells of permissions that the groups of a safe lost until they have them again', async (t) => {
    const lab = await startPassLab(t, listening, { web: [heldAccount('1_1', 'db')] });
    await lab.pass();
    const what =
      '{role: !group delegation/consumers, privileges: [execute], resource: !variable db/password}';
    const load = (mode: 'load' | 'update', tag: 'permit' | 'deny') =>
      loadPolicy(lab.client, { branch: `${lab.vault}/l/web`, mode, text: `- !${tag} ${what}` });
    const lost = (mended: boolean) => [
      { code: 'permits_lost', identifier: `${lab.vault}/l/web/db/password`, mended },
    ];
    const only = { drift: 'report' } as const;
    await load('update', 'deny');
    assert.deepEqual((await lab.pass({ full: true }, only)).reports, lost(false));
    assert.deepEqual((await lab.pass({}, only)).reports, lost(false), 'until it is looked at again');
    await load('load', 'permit');
    assert.deepEqual((await lab.pass({ full: true }, only)).reports, []);
    await load('update', 'deny');
    assert.deepEqual((await lab.pass({ full: true }, only)).reports, lost(false));
    assert.deepEqual((await lab.pass()).reports, lost(true), 'a quick pass that may mend it does');
    assert.deepEqual((await lab.pass()).reports, []);
    assert.deepEqual((await lab.pass({ full: true })).reports, []);
  });

  it('tells a value changed by hand no more once it is as it was', async (t) => {
    const lab = await startPassLab(t, listening, { web: [heldAccount('1_1', 'db')] });
    await lab.pass();
    const write = (text: string): Promise<void> =>
      writeSecret(lab.client, `${lab.vault}/l/web/db/password`, new Secret(new TextEncoder().encode(text)));
    await write('by hand');
    const full = () => lab.pass({ full: true }, { drift: 'report' });
    assert.equal((await full()).reports.length, 1);
    await write('secret 1_1');
    assert.deepEqual((await full()).reports, []);
  });

  describe('that takes over from another synchronizer', () => {
    /** Two of them with a memory each; the first has brought over `one`, then the second `two`, and now the source has `one` again. */
    const handedOver = async (t: TestContext) => {
      const lab = await startPassLab(t, listening, {
        web: [heldAccount('1_1', 'db', { password: 'one' })],
        ops: [heldAccount('2_1', 'sa', { password: 'one' })],
      });
      await lab.pass();
      const values = (): Promise<readonly (string | null)[]> =>
        lab.values('l/web/db/password', 'l/ops/sa/password');
      for (const safe of ['web', 'ops']) change(lab.safe(safe)[0], 'two');
      const stateFile = await openStateFile(
        join(lab.directory, 'state of another'),
        `${listening.url} ${lab.vault}`,
      );
      await lab.pass({ takesOver: true }, { stateFile });
      assert.deepEqual(await values(), ['two', 'two']);
      for (const safe of ['web', 'ops']) change(lab.safe(safe)[0], 'one');
      return { lab, values };
    };

    it('writes what the source has, whatever it remembers, and takes no change of the source for drift', async (t) => {
      const { lab, values } = await handedOver(t);
      const pass = await lab.pass({ takesOver: true }, { drift: 'report' });
      assert.deepEqual([pass.mode, pass.written.length, pass.drifted], ['full', 2, []]);
      assert.deepEqual(await values(), ['one', 'one']);
    });

    it('brings over later what it could not read then', async (t) => {
      const { lab, values } = await handedOver(t);
      lab.pam.misbehaviour = { kind: 'says', path: /2_1\/Password\/Retrieve$/u, body: '"cut off' };
      assert.equal((await lab.pass({ takesOver: true })).failures.length, 1);
      assert.deepEqual(await values(), ['one', 'two']);
      lab.pam.misbehaviour = null;
      await lab.pass();
      assert.deepEqual(await values(), ['one', 'one']);
    });

    it('brings over later the safes that it could not list then', async (t) => {
      const { lab, values } = await handedOver(t);
      lab.pam.misbehaviour = { kind: 'empty', of: /safeName eq ops/u };
      assert.deepEqual(
        (await lab.pass({ takesOver: true })).reports.map(({ code }) => code),
        ['source_empty'],
      );
      assert.deepEqual(await values(), ['one', 'two']);
      lab.pam.misbehaviour = null;
      const pass = await lab.pass();
      assert.deepEqual([pass.mode, await values()], ['quick', ['one', 'one']]);
    });
  });

  it('shows what it would do, and does nothing', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db'), heldAccount('1_2', 'api')],
    });
    const dry = await lab.pass({ dryRun: true });
    assert.deepEqual([changes(dry), retrieved(lab)], [[2, 2, 0, 0, 0, 0, 0], 0]);
    await assert.rejects(showResource(lab.client, { kind: 'policy', identifier: `${lab.vault}/l` }));
    await lab.pass();
    lab.safe('web').splice(1, 1);
    change(lab.safe('web')[0], 'other');
    const again = await lab.pass({ dryRun: true });
    assert.deepEqual(changes(again), [0, 1, 0, 0, 0, 1, 0]);
    assert.deepEqual(await lab.values('l/web/db/password', 'l/web/api/password'), [
      'secret 1_1',
      'secret 1_2',
    ]);
  });

  it('stops before a pass that would remove more than it may', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [1, 2, 3, 4].map((at) => heldAccount(`1_${at}`, `n${at}`)),
    });
    await lab.pass();
    change(lab.safe('web')[3], 'other');
    lab.safe('web').splice(0, 3);
    const pass = await lab.pass({}, { removal: { policy: 'delete', most: 2, mostPercent: 100 } });
    const identifiers = [1, 2, 3].map((at) => `${lab.vault}/l/web/n${at}/password`);
    assert.deepEqual([pass.stopped, changes(pass)], [{ removals: 3, allowed: 2, identifiers }, nothing]);
    assert.deepEqual(await lab.values('l/web/n1/password', 'l/web/n4/password'), [
      'secret 1_1',
      'secret 1_4',
    ]);
  });

  it('looks at one safe alone when it is asked to', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db')],
      ops: [heldAccount('2_1', 'sa')],
    });
    await lab.pass();
    for (const safe of ['web', 'ops']) change(lab.safe(safe)[0], 'other');
    const pass = await lab.pass({ safe: 'ops' });
    assert.deepEqual([changes(pass), pass.reports], [[0, 1, 0, 0, 0, 0, 0], []]);
    assert.deepEqual(await lab.values('l/web/db/password', 'l/ops/sa/password'), ['secret 1_1', 'other']);
  });

  it('writes nothing without authority, and goes on where a pass lost it', async (t) => {
    const accounts = Array.from({ length: 40 }, (_, at) => heldAccount(`1_${at}`, `n${at}`));
    const lab = await startPassLab(t, listening, { web: accounts });
    let writes = 0;
    const authority = {
      writer: () => {
        writes += 1;
        if (writes > 20) throw new Problem('no_authority', 'another synchronizer leads.');
        return lab.host;
      },
    };
    await assert.rejects(lab.pass({}, { authority }), (error) => isProblem(error, 'no_authority'));
    const have = async (): Promise<number> =>
      (await lab.values(...accounts.map(({ name }) => `l/web/${name}/password`))).filter(
        (value) => value !== null,
      ).length;
    const had = await have();
    assert.ok(had > 0 && had < 20, String(had));
    const pass = await lab.pass();
    assert.deepEqual([await have(), pass.written.length], [40, 40 - had]);
  });

  it('goes on when connections break off behind policies and values that were sent', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db'), heldAccount('1_2', 'api')],
    });
    const web = openWebFetch({ ca: null });
    const broken = new Set<string>();
    const fetch: Fetch = async (to, init) => {
      const answer = await web(to, init);
      const key = `${init.method} ${new URL(to).pathname}`;
      if (init.method !== 'POST' || broken.has(key)) return answer;
      broken.add(key);
      throw new Error('the connection broke off');
    };
    const login = lab.host.roleId.split(':').slice(1).join('/');
    const client = openClient({
      fetch,
      url: listening.url,
      account: listening.server.account,
      login,
      apiKey: lab.hostKey,
    });
    const pass = await lab.pass({}, { client, authority: soleAuthority(client) });
    assert.deepEqual(changes(pass), [2, 2, 0, 0, 0, 0, 0]);
    assert.equal([...broken].filter((key) => key.includes('/policies/')).length, 3);
    assert.deepEqual(await lab.values('l/web/db/password', 'l/web/api/password'), [
      'secret 1_1',
      'secret 1_2',
    ]);
  });

  it('leaves alone what is not ours, and names it', async (t) => {
    const lab = await startPassLab(t, listening, { web: [heldAccount('1_1', 'db')] });
    await lab.pass();
    await loadPolicy(lab.client, {
      branch: `${lab.vault}/l/web`,
      mode: 'load',
      text: '- !variable api/password',
    });
    await writeSecret(
      lab.client,
      `${lab.vault}/l/web/api/password`,
      new Secret(new TextEncoder().encode('theirs')),
    );
    lab.safe('web').push(heldAccount('1_2', 'api'));
    for (const full of [false, true]) {
      const pass = await lab.pass({ full });
      assert.deepEqual(pass.reports, [
        { code: 'variable_foreign', identifier: `${lab.vault}/l/web/api/password` },
      ]);
    }
    assert.deepEqual(await lab.values('l/web/api/password'), ['theirs']);
  });

  it('carries any bytes, and reports what no variable can hold', async (t) => {
    const lab = await startPassLab(t, listening, {});
    const root = join(lab.directory, 'source');
    const put = async (path: string, value: Uint8Array | string): Promise<void> => {
      await mkdir(join(root, path, '..'), { recursive: true });
      await writeFile(join(root, path), value);
    };
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    await put('l/s/binary/key', bytes);
    await put('l/s/lines/cert', 'a\r\nb\n\n');
    await put('l/s/largest/file', new Uint8Array(1024 * 1024).fill(1));
    await put('l/s/large/file', new Uint8Array(1024 * 1024 + 1).fill(1));
    await put('l/s/empty/file', '');
    await put('l/s/blank/file', ' \n');
    const pass = await lab.pass({}, { source: openDirectorySource(root) });
    assert.deepEqual(pass.failures.map(({ account }) => account ?? '').sort(), ['blank', 'empty', 'large']);
    const read = async (path: string): Promise<Buffer> =>
      Buffer.from((await readSecret(lab.client, `${lab.vault}/l/s/${path}`, null)).reveal());
    assert.deepEqual(await read('binary/key'), Buffer.from(bytes));
    assert.equal((await read('lines/cert')).toString(), 'a\r\nb\n\n');
    assert.equal((await read('largest/file')).length, 1024 * 1024);
    assert.deepEqual(
      changes(await lab.pass({ full: true }, { source: openDirectorySource(root) })).slice(0, -1),
      nothing.slice(0, -1),
    );
  });

  it('keeps no value in its memory, and nobody else can read it', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db', { userName: 'very-own-user' })],
    });
    await lab.pass();
    for (const name of ['state.jsonl', 'digest.key']) {
      const path = join(lab.directory, 'state', name);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.doesNotMatch(await readFile(path, 'utf8'), /secret 1_1|very-own-user/u);
    }
    const path = join(lab.directory, 'state', 'state.jsonl');
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, -8));
    assert.deepEqual([(await lab.pass()).mode, changes(await lab.pass())], ['full', nothing]);
  });
});
