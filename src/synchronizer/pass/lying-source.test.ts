import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import type { Report } from '../../core/sync/plan.ts';
import { createTestAuthority } from '../../identity/testing/test-authority.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { openDirectorySource } from '../directory/directory-source.ts';
import { pamWords } from '../pam/pam-shapes.ts';
import { statusOf } from '../state/status.ts';
import { startPamStandIn } from '../testing/pam-stand-in.ts';
import { change, heldAccount, type PassLab, startPassLab } from '../testing/pass-lab.ts';
import { apiOf, pamSourceOf } from '../testing/sources.ts';
import type { Misbehaviour } from '../testing/web-stand-in.ts';
import type { PassOutcome } from './outcome.ts';

const forEver = 1_000_000;

function tookAway({ removed, disabled }: PassOutcome): readonly string[] {
  return [...removed, ...disabled];
}

/** What the status of a pass says is not as it should be, as far as it is about the source. */
function told({ layout }: PassLab, outcome: PassOutcome): readonly string[] {
  const { reports, failures } = statusOf(layout, outcome, null, '');
  const said = (report: Report): string => {
    switch (report.code) {
      case 'source_failed':
        return `${report.lob}/${report.safe ?? '*'}: ${report.fault}`;
      case 'source_empty':
        return `${report.lob}/${report.safe ?? '*'}: empty, ${report.kept} kept`;
      default:
        return JSON.stringify(report);
    }
  };
  return [...reports.map(said), ...failures.map(({ account, fault }) => `${account ?? '*'}: ${fault}`)];
}

describe('a pass from a source that dies, lies or is slow', { timeout: 180_000 }, () => {
  const listening = listeningServer();

  const safes = () => ({
    web: [heldAccount('1_1', 'db', { userName: 'root' }), heldAccount('1_2', 'api'), heldAccount('1_3', 'x')],
    ops: [heldAccount('2_1', 'sa'), heldAccount('2_2', 'su')],
  });

  /** A vault that was brought over, and in which each kind of change waits. */
  const changedLab = async (t: TestContext): Promise<PassLab> => {
    const lab = await startPassLab(t, listening, safes());
    await lab.pass();
    assert.deepEqual(await lab.differences(), []);
    change(lab.safe('web')[0], 'changed');
    const [, renamed] = lab.safe('web');
    if (renamed !== undefined) renamed.name = 'renamed';
    lab.safe('web').splice(2, 1, heldAccount('1_4', 'new'));
    lab.safe('ops').pop();
    return lab;
  };

  /** Healed, one quick pass is enough; and the next full one finds nothing more. */
  const heals = async (lab: PassLab): Promise<void> => {
    lab.pam.misbehaviour = null;
    lab.pam.onAsked = () => undefined;
    const pass = await lab.pass();
    assert.deepEqual([pass.failures, await lab.differences()], [[], []]);
    const again = await lab.pass({ full: true });
    assert.deepEqual([again.written, again.mended, tookAway(again)], [[], [], []]);
  };

  const lists: readonly (readonly [string, Misbehaviour, readonly RegExp[]])[] = [
    ['lists no safes', { kind: 'empty', of: /Safes/u }, [/^l\/\*: empty, 6 kept$/u]],
    ['lists nothing at all', { kind: 'empty' }, [/^l\/\*: empty, 6 kept$/u]],
    ['lists no accounts', { kind: 'empty', of: /Accounts/u }, [/^l\/web: empty, 4/u, /^l\/ops: empty, 2/u]],
    [
      'counts more than it lists',
      { kind: 'miscounts', by: 1 },
      [/^l\/\*: .*not read whole: 2 entries came of 3/u],
    ],
    [
      'counts less than it lists',
      { kind: 'miscounts', by: -1 },
      [/^l\/\*: .*not read whole: 2 entries came of 1/u],
    ],
    [
      'leaves out half of what it counts',
      { kind: 'half' },
      [/^l\/\*: .*not read whole: 1 entries came of 2/u],
    ],
    [
      'answers 500',
      { kind: 'fails', path: /Accounts$/u, times: forEver },
      [/^l\/web: .*the vault failed \(500\)/u, /^l\/ops: .*accounts of ops: the vault failed \(500\)/u],
    ],
    [
      'has too much to do for long',
      { kind: 'fails', path: /Accounts$/u, times: forEver, status: 429, retryAfter: '0' },
      [/^l\/web: .*too many requests \(429\)/u, /^l\/ops: .*too many requests/u],
    ],
    [
      'answers with JSON that is cut off',
      { kind: 'says', path: /Accounts$/u, body: '{"value":[{"id":"1_1","na' },
      [/^l\/web: .*no usable/u, /^l\/ops: .*no usable/u],
    ],
    [
      'answers with a page of a proxy',
      { kind: 'says', path: /Safes$/u, body: '<html>Please log in</html>' },
      [/^l\/\*: .*no usable/u],
    ],
    ['breaks off', { kind: 'dies', path: /Accounts$/u }, [/^l\/web: .*broke off/u, /^l\/ops: .*broke off/u]],
    [
      'is slower than the timeout',
      { kind: 'slow', path: /Safes$/u, ms: 60_000 },
      [/^l\/\*: .*within 200 ms/u],
    ],
  ];
  for (const [words, misbehaviour, sentences] of lists) {
    it(`changes nothing when it ${words}`, async (t) => {
      const lab = await changedLab(t);
      const earlier = await lab.snapshot();
      lab.pam.misbehaviour = misbehaviour;
      for (const full of [false, true]) {
        const api = apiOf(lab.pam.url, null, pamWords, 200);
        const said = told(lab, await lab.pass({ full }, { source: pamSourceOf(api) }));
        assert.deepEqual(await lab.snapshot(), earlier);
        assert.equal(said.length, sentences.length, said.join('\n'));
        for (const sentence of sentences)
          assert.ok(
            said.some((line) => sentence.test(line)),
            said.join('\n'),
          );
      }
      await heals(lab);
    });
  }

  it('keeps what comes from a safe that is listed empty, and brings over the others', async (t) => {
    const lab = await changedLab(t);
    const earlier = await lab.snapshot();
    lab.pam.misbehaviour = { kind: 'empty', of: /safeName eq web/u };
    const pass = await lab.pass();
    assert.deepEqual(told(lab, pass), ['l/web: empty, 4 kept']);
    assert.deepEqual(tookAway(pass), [`${lab.vault}/l/ops/su/password`]);
    const later = await lab.snapshot();
    for (const [id, value] of earlier) if (id.includes('/web/')) assert.equal(later.get(id), value);
    await heals(lab);
  });

  for (const [words, retryAfter] of [
    ['in seconds', () => '1'],
    ['by a moment', () => new Date(Date.now() + 2000).toUTCString()],
  ] as const) {
    it(`waits as long as the vault asks for ${words}`, async (t) => {
      const lab = await changedLab(t);
      lab.pam.misbehaviour = {
        kind: 'fails',
        path: /Safes$/u,
        times: 1,
        status: 429,
        retryAfter: retryAfter(),
      };
      const begun = performance.now();
      assert.deepEqual(tookAway(await lab.pass()).length, 3);
      assert.ok(performance.now() - begun >= 990);
      await heals(lab);
    });
  }

  it('trusts no certificate of another name, and changes nothing', async (t) => {
    const lab = await changedLab(t);
    const authority = await createTestAuthority();
    t.after(() => authority[Symbol.asyncDispose]());
    const node = await authority.node('other', { dnsNames: ['other.test'], ipAddresses: [] });
    const tls = { cert: node.certPem, key: node.keyPem };
    const impostor = await startPamStandIn({ users: lab.pam.users, tls });
    t.after(impostor.stop);
    const earlier = await lab.snapshot();
    const source = pamSourceOf(apiOf(impostor.url, authority.caPem));
    assert.match(
      told(lab, await lab.pass({}, { source })).join('\n'),
      /^l\/\*: Cannot log on as u: the certificate .* not good for this name/u,
    );
    assert.deepEqual([impostor.asked, await lab.snapshot()], [[], earlier]);
    await heals(lab);
  });

  /** Values that are there are those of the source now or of its last good state. */
  const nothingCorrupted = async (
    lab: PassLab,
    earlier: ReadonlyMap<string, string | null>,
  ): Promise<void> => {
    const now = lab.wanted();
    for (const [id, value] of await lab.snapshot())
      assert.ok(value === null || value === earlier.get(id) || value === now.get(id), id);
    for (const id of earlier.keys()) assert.ok((await lab.snapshot()).has(id), `${id} is gone`);
  };

  for (const [words, begin, sentence] of [
    [
      'breaks off behind the first value',
      (lab: PassLab) => {
        lab.pam.misbehaviour = { kind: 'dies', path: /Retrieve$/u };
      },
      /^(db|renamed|new): Cannot retrieve .*broke off/u,
    ],
    [
      'answers 500 behind the first value',
      (lab: PassLab) => {
        lab.pam.misbehaviour = { kind: 'fails', path: /Retrieve$/u, times: forEver };
      },
      /^(db|renamed|new): Cannot retrieve .*the vault failed/u,
    ],
    [
      'takes the login away',
      (lab: PassLab) => {
        lab.pam.users.delete('u');
        lab.pam.endSessions();
      },
      /^(db|renamed|new): Cannot log on|^\*: .*Cannot log on as u: Authentication failure/u,
    ],
    [
      'answers values with JSON that is cut off',
      (lab: PassLab) => {
        lab.pam.misbehaviour = { kind: 'says', path: /Retrieve$/u, body: '"half a sec' };
      },
      /^(db|renamed|new): the value of an account: .*no usable/u,
    ],
    [
      'answers values that are no UTF-8',
      (lab: PassLab) => {
        const body = Uint8Array.of(0x22, 0xff, 0xfe, 0x22);
        lab.pam.misbehaviour = { kind: 'says', path: /Retrieve$/u, body };
      },
      /^(db|renamed|new): the value of an account: .*no usable/u,
    ],
    [
      'answers values that are no Unicode',
      (lab: PassLab) => {
        lab.pam.misbehaviour = { kind: 'says', path: /Retrieve$/u, body: '"\\ud800"' };
      },
      /^(db|renamed|new): password: the value is no Unicode text/u,
    ],
  ] as const) {
    it(`removes and corrupts nothing when it ${words} in mid-pass`, async (t) => {
      const lab = await changedLab(t);
      const earlier = await lab.snapshot();
      const user = lab.pam.users.get('u');
      let values = 0;
      lab.pam.onAsked = (line) => {
        if (!line.endsWith('/Retrieve')) return;
        values += 1;
        if (values === 2) begin(lab);
      };
      const pass = await lab.pass({}, { concurrency: 1 });
      assert.ok(values >= 2);
      const said = told(lab, pass).filter((line) => !/^\{"code":"(renamed|removal_withheld)"/u.test(line));
      assert.equal(said.length, 2);
      const withheld = pass.reports.flatMap((report) =>
        report.code === 'removal_withheld' ? [report.branch] : [],
      );
      assert.deepEqual(withheld, [`${lab.vault}/l/web`], 'and what stays because of it is named');
      for (const line of said) assert.match(line, sentence);
      // Of the safe in which nothing failed, what is gone may go.
      assert.deepEqual(tookAway(pass), [`${lab.vault}/l/ops/su/password`]);
      earlier.delete(`${lab.vault}/l/ops/su/password`);
      await nothingCorrupted(lab, earlier);
      const logons = lab.pam.asked.filter((line) => line.endsWith('/Logon')).length;
      // The first pass, this one, and one when the session had gone: a user is locked out after a few.
      assert.ok(logons <= 3, `${logons} logons`);
      if (user !== undefined) lab.pam.users.set('u', user);
      await heals(lab);
    });
  }

  it('gives a line of business up when the vault is gone in mid-pass, and says at which account', async (t) => {
    const accounts = Array.from({ length: 64 }, (_, at) => heldAccount(`1_${at}`, `n${at}`));
    const safesOf = [0, 1, 2, 3].map((at) => [`safe ${at}`, accounts.slice(at * 16, at * 16 + 16)] as const);
    const lab = await startPassLab(t, listening, Object.fromEntries(safesOf));
    let values = 0;
    lab.pam.onAsked = (line) => {
      if (line.endsWith('/Retrieve')) values += 1;
      if (values === 8) lab.pam.misbehaviour = { kind: 'fails', path: /Retrieve$/u, times: forEver };
    };
    const { failures, removed } = await lab.pass();
    assert.match(failures[0]?.fault ?? '', /Cannot retrieve n\d+: the vault failed/u);
    const left = failures.filter(({ account }) => account === null);
    assert.match(left.at(-1)?.fault ?? '', /not asked for \d+ more accounts: .*failed one after the other/u);
    assert.ok(failures.length < 50 && removed.length === 0, `${failures.length} failures`);
    await nothingCorrupted(lab, new Map());
    await heals(lab);
  });

  it('lets no safe hold up the others of which no value can be had', async (t) => {
    const accounts = (safe: string, count: number) =>
      Array.from({ length: count }, (_, at) => heldAccount(`${safe}_${at}`, `${safe}${at}`));
    const lab = await startPassLab(t, listening, { a: accounts('a', 40), b: accounts('b', 40) });
    lab.pam.misbehaviour = { kind: 'fails', path: /a_\d+\/Password\/Retrieve$/u, times: forEver };
    for (const full of [true, false]) {
      const { failures } = await lab.pass({ full });
      const tried = failures.filter(({ fault }) => fault.startsWith('Cannot retrieve a'));
      const [rest] = failures.filter(({ account }) => account === null);
      const counted = /not asked for (\d+) more accounts: .*Cannot retrieve a\d+: the vault failed/u;
      const skipped = Number(counted.exec(rest?.fault ?? '')?.[1] ?? 0);
      assert.ok(tried.length < 20 && tried.length + skipped === 40, `${tried.length} were tried`);
      assert.equal([...(await lab.snapshot())].filter(([, value]) => value === null).length, 40);
    }
    await heals(lab);
  });

  describe('whose list moves while it is read', () => {
    const many = () => Array.from({ length: 25 }, (_, at) => heldAccount(`1_${at}`, `n${at}`));
    const pages: readonly (readonly [
      string,
      { readonly namesNextLink: boolean; readonly counts: 'all' | 'page' },
    ])[] = [
      ['by links', { namesNextLink: true, counts: 'all' }],
      ['by links, with counts of pages', { namesNextLink: true, counts: 'page' }],
      ['by offset', { namesNextLink: false, counts: 'all' }],
    ];
    for (const [words, settings] of pages) {
      it(`misses no account when others come and go, ${words}`, async (t) => {
        const lab = await startPassLab(t, listening, { web: many() }, { ...settings, pageSize: 10 });
        await lab.pass();
        let listed = 0;
        lab.pam.onAsked = (line) => {
          if (!line.includes('/Accounts?')) return;
          listed += 1;
          // In front of the second page: all that follows moves up by one, and the count stays.
          if (listed === 2) lab.safe('web').splice(3, 1);
          if (listed === 2) lab.safe('web').push(heldAccount('1_99', 'n99'));
        };
        const pass = await lab.pass({ full: true });
        assert.ok(listed > 3, 'the list was read again');
        assert.deepEqual(tookAway(pass), [`${lab.vault}/l/web/n3/password`]);
        await heals(lab);
      });
    }

    it('does nothing about a list that never stands still', async (t) => {
      const lab = await startPassLab(t, listening, { web: many() }, { pageSize: 10 });
      await lab.pass();
      const earlier = await lab.snapshot();
      lab.pam.onAsked = (line) => {
        if (line.includes('/Accounts?')) lab.safe('web').splice(3, 1);
      };
      const said = told(lab, await lab.pass({ full: true }));
      assert.deepEqual(said, [
        'l/web: The list of the accounts of web was not read whole: it changed while it was read.',
      ]);
      assert.deepEqual(await lab.snapshot(), earlier);
      await heals(lab);
    });
  });

  it('keeps everything when a directory is not mounted, and names each safe', async (t) => {
    const lab = await startPassLab(t, listening, {});
    const root = await mkdtemp(join(tmpdir(), 'holdfast-source-'));
    t.after(() => rm(root, { recursive: true, force: true }));
    for (const path of ['l/s/a', 'l/s/b', 'm/s/c']) {
      await mkdir(join(root, path), { recursive: true });
      await writeFile(join(root, path, 'password'), path);
    }
    const pass = () => lab.pass({ full: true }, { source: openDirectorySource(root) });
    await pass();
    const earlier = await lab.snapshot();
    assert.equal(earlier.size, 3);
    await rename(join(root, 'm'), join(root, '.m'));
    await rename(join(root, 'l/s'), join(root, 'l/.s'));
    const vanished = (branch: string, kept: number) => ({
      code: 'safe_vanished',
      branch: `${lab.vault}/${branch}`,
      kept,
    });
    assert.deepEqual((await pass()).reports, [
      { code: 'source_empty', lob: 'l', safe: null, kept: 2 },
      vanished('m/s', 1),
    ]);
    await rename(join(root, 'l'), join(root, '.l'));
    assert.deepEqual((await pass()).reports, [vanished('l/s', 2), vanished('m/s', 1)]);
    await rm(root, { recursive: true });
    await assert.rejects(
      pass(),
      (error) => isProblem(error, 'source_unavailable') && error.detail.includes(root),
    );
    assert.deepEqual(await lab.snapshot(), earlier);
  });
});
