import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConjurClient } from '../../client/client.ts';
import { Problem } from '../../core/problem.ts';
import { placeOf } from '../../core/sync/layout.ts';
import { unescapeName } from '../../core/sync/names.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { soleAuthority } from '../authority.ts';
import { change, heldAccount, startPassLab } from '../testing/pass-lab.ts';

const awkward: readonly string[] = [
  'a:b',
  'a/b',
  '~',
  '..',
  '.hidden',
  '-rf',
  ' blank in front',
  'blank behind ',
  'two  blanks',
  'line\nend\r\n',
  'tab\tand\0nul',
  '"quoted" \'twice\' `thrice`',
  '!host x',
  '- a: {b: [c]}',
  '#no comment',
  '&anchor *alias %tag |block >fold',
  'ümläut',
  'combining: e\u0301 is not \u00e9',
  '🔑 emoji 👩‍👩‍👧',
  'right\u202eto left',
  'nonchar \uffff',
  '100%25',
  '?q=1&r=2;#',
  'null',
  'true',
  '0x10',
  '1e3',
  'delegation',
  'Delegation',
  '<script>',
  '\\back\\slash',
];

describe('bad input', { timeout: 120_000 }, () => {
  const listening = listeningServer();

  it('brings names over that no policy can carry, reversibly, and changes nothing about them again', async (t) => {
    const safes = Object.fromEntries(
      awkward.map((safe, at) => [
        safe,
        [heldAccount(`${at}_${safe}`, awkward.at(-at) ?? '', { userName: safe })],
      ]),
    );
    safes['all of them'] = awkward.map((name, at) => heldAccount(`all_${at}`, name));
    const lab = await startPassLab(t, listening, safes);
    const first = await lab.pass();
    assert.deepEqual([first.reports, first.failures, await lab.differences()], [[], [], []]);
    const named = new Set<string>();
    for (const id of (await lab.snapshot()).keys()) {
      const place = placeOf(lab.layout, id);
      const [safe = '', account = ''] = [place?.branch.split('/').at(-1), place?.path.split('/')[0]];
      named.add(JSON.stringify([unescapeName(safe), unescapeName(account)]));
    }
    const held = Object.entries(safes).flatMap(([safe, accounts]) =>
      accounts.map(({ name }) => JSON.stringify([safe, name])),
    );
    assert.deepEqual([...named].sort(), held.sort());
    const full = await lab.pass({ full: true });
    assert.deepEqual([full.created, full.written, full.removed, full.failures], [[], [], [], []]);
    for (const account of lab.safe('all of them')) account.name = `${account.name}!`;
    const renamed = await lab.pass();
    assert.deepEqual([renamed.failures, await lab.differences()], [[], []]);
    assert.equal(renamed.reports.filter(({ code }) => code === 'renamed').length, awkward.length);
  });

  it('brings values over exactly, or reports them by account', async (t) => {
    const mebibyte = 1024 * 1024;
    const values: readonly (readonly [string, string, boolean])[] = [
      ['line ends', '\r\n-----BEGIN KEY-----\nabc\r\n-----END KEY-----\n\n', true],
      ['blanks', '  in front and behind \t', true],
      ['nul', 'a\0b\0', true],
      ['controls', '\u0001\u001b[31m\u007f\u0085\u2028', true],
      ['mark', '\ufefffirst', true],
      ['emoji', '🔑', true],
      ['quotes', '"\'\\\\"', true],
      ['largest', 'x'.repeat(mebibyte), true],
      ['largest of bytes', 'ü'.repeat(mebibyte / 2), true],
      ['too large', 'x'.repeat(mebibyte + 1), false],
      ['too large in bytes', 'ü'.repeat(mebibyte / 2 + 1), false],
      ['empty', '', false],
      ['blank', ' \n', false],
    ];
    const accounts = values.map(([name, password], at) => heldAccount(`1_${at}`, name, { password }));
    const lab = await startPassLab(t, listening, { web: accounts });
    const refused = values.filter(([, , fits]) => !fits).map(([name]) => name);
    const first = await lab.pass();
    assert.deepEqual(first.failures.map(({ account }) => account ?? '').sort(), [...refused].sort());
    for (const { account, fault } of first.failures)
      assert.match(
        fault,
        account?.startsWith('too large') === true
          ? /^password: .*(large|limit|long)/u
          : /^password: the value is empty/u,
      );
    const left = (await lab.differences()).map((line) => line.slice(`${lab.vault}/l/web/`.length));
    assert.deepEqual(left.sort(), refused.map((name) => `${name}/password has no value`).sort());
    const again = await lab.pass({ full: true });
    assert.deepEqual([again.written, again.mended, again.failures.length], [[], [], refused.length]);
    for (const account of lab.safe('web')) change(account, 'fits');
    assert.deepEqual([(await lab.pass()).failures, await lab.differences()], [[], []]);
  });

  it('keeps the value before of an account whose value does not fit any more', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db'), heldAccount('1_2', 'api')],
    });
    await lab.pass();
    change(lab.safe('web')[0], '');
    lab.safe('web').pop();
    const pass = await lab.pass();
    assert.deepEqual(
      [pass.failures.map(({ account }) => account), pass.removed],
      [['db'], [`${lab.vault}/l/web/api/password`]],
    );
    assert.deepEqual(await lab.values('l/web/db/password'), ['secret 1_1']);
  });

  it('reports two accounts of one name, and writes neither, also when one of them was there before', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db'), heldAccount('1_2', 'twin'), heldAccount('1_3', 'twin')],
    });
    const first = await lab.pass();
    const shared = (name: string, accounts: readonly string[]) => ({
      code: 'name_shared',
      branch: `${lab.vault}/l/web`,
      name,
      accounts,
    });
    assert.deepEqual(first.reports, [shared('twin', ['1_2', '1_3'])]);
    assert.deepEqual([...(await lab.snapshot()).keys()], [`${lab.vault}/l/web/db/password`]);
    lab.safe('web').push(heldAccount('1_4', 'db'));
    change(lab.safe('web')[0], 'changed');
    for (const full of [false, true]) {
      const pass = await lab.pass({ full });
      assert.deepEqual(pass.reports, [shared('db', ['1_1', '1_4']), shared('twin', ['1_2', '1_3'])]);
      assert.deepEqual([pass.written, pass.removed], [[], []]);
      assert.deepEqual(await lab.values('l/web/db/password'), ['secret 1_1']);
    }
    const [, , third, fourth] = lab.safe('web');
    if (third !== undefined) third.name = 'twin 2';
    if (fourth !== undefined) fourth.name = 'db 2';
    assert.deepEqual([(await lab.pass()).failures, await lab.differences()], [[], []]);
  });

  it('brings a safe over beside one whose name is too long', async (t) => {
    const lab = await startPassLab(t, listening, {
      ['!'.repeat(400)]: [heldAccount('1_1', 'db')],
      web: [heldAccount('2_1', 'api')],
    });
    const pass = await lab.pass();
    assert.deepEqual([pass.failures, pass.reports.map(({ code }) => code)], [[], ['name_too_long']]);
    assert.deepEqual(await lab.values('l/web/api/password'), ['secret 2_1']);
  });

  for (const code of ['api_invalid', 'api_forbidden'] as const) {
    it(`tries new safes by halves only where their text is at fault: ${code}`, async (t) => {
      const names = ['a', 'b', 'bad', 'c', 'd', 'e', 'f', 'g'];
      const lab = await startPassLab(
        t,
        listening,
        Object.fromEntries(names.map((name, at) => [name, [heldAccount(`${at}_1`, 'db')]])),
      );
      let loads = 0;
      const host: ConjurClient = {
        ...lab.host,
        send: async (request) => {
          const isOfSafes = request.method === 'POST' && /policy\/[^/]+%2Fl$/u.test(request.path);
          if (isOfSafes) loads += 1;
          if (isOfSafes && String(request.body).includes('/l/bad')) throw new Problem(code, 'refused.');
          return lab.host.send(request);
        },
      };
      const pass = await lab.pass({}, { client: host, authority: soleAuthority(host) });
      const isSplit = code === 'api_invalid';
      assert.deepEqual(
        pass.failures.filter(({ account }) => account === null).map(({ branch }) => branch),
        [`${lab.vault}/l${isSplit ? '/bad' : ''}`],
      );
      assert.equal(loads, isSplit ? 7 : 1);
      const values = await lab.values(...names.map((name) => `l/${name}/db/password`));
      assert.deepEqual(
        values.map((value) => value !== null),
        names.map((name) => isSplit && name !== 'bad'),
      );
      assert.deepEqual([(await lab.pass()).failures, await lab.differences()], [[], []]);
    });
  }

  it('removes as much as one pass may, and the rest once somebody has agreed', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: Array.from({ length: 20 }, (_, at) => heldAccount(`1_${at}`, `n${at}`)),
    });
    await lab.pass();
    const removal = { policy: 'delete', most: 500, mostPercent: 10 } as const;
    lab.safe('web').splice(0, 2);
    const allowed = await lab.pass({}, { removal });
    assert.deepEqual([allowed.stopped, allowed.removed.length], [null, 2]);
    change(lab.safe('web').at(-1), 'changed');
    lab.safe('web').splice(0, 3);
    const earlier = await lab.snapshot();
    for (const full of [false, true]) {
      const pass = await lab.pass({ full }, { removal });
      assert.deepEqual([pass.stopped?.removals, pass.stopped?.allowed], [3, 0]); // two are gone within the day
      assert.deepEqual([pass.written, pass.removed], [[], []]);
      assert.deepEqual(await lab.snapshot(), earlier);
    }
    const agreed = await lab.pass({ acceptedRemovals: 3 }, { removal });
    assert.deepEqual([agreed.removed.length, await lab.differences()], [3, []]);
  });
});
