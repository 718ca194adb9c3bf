import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { writeSecret } from '../../client/secrets.ts';
import { Secret } from '../../core/secret.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { openDirectorySource } from '../directory/directory-source.ts';
import { change, heldAccount, type PassLab, startPassLab } from '../testing/pass-lab.ts';

describe('before anything is taken for gone', { timeout: 120_000 }, () => {
  const listening = listeningServer();

  const five = () => Array.from({ length: 5 }, (_, at) => heldAccount(`1_${at}`, `n${at}`));
  const labOf = async (t: TestContext): Promise<PassLab> => {
    const lab = await startPassLab(t, listening, { web: five(), ops: [heldAccount('2_1', 'sa')] });
    await lab.pass();
    lab.pam.asked.length = 0;
    return lab;
  };
  const listsOf = (lab: PassLab, safe: string): number =>
    lab.pam.asked.filter((line) => line.includes(`safeName%20eq%20${safe}`)).length;
  /** `lacks` is missing in the first list of the pass alone. */
  const hideOnce = (lab: PassLab, name: string): void => {
    const web = lab.safe('web');
    const hidden = web.findIndex((account) => account.name === name);
    const [account] = web.splice(hidden, 1);
    let retrieved = 0;
    lab.pam.onAsked = (line) => {
      if (line.includes('/Safes?')) retrieved += 1;
      if (retrieved === 2 && account !== undefined && !web.includes(account)) web.push(account);
    };
  };

  it('the source is asked a second time, and what it shows then stays', async (t) => {
    for (const full of [false, true]) {
      const lab = await labOf(t);
      const earlier = await lab.snapshot();
      hideOnce(lab, 'n2');
      const pass = await lab.pass({ full });
      assert.deepEqual([pass.removed, pass.failures, pass.reports], [[], [], []]);
      assert.deepEqual(await lab.snapshot(), earlier);
    }
  });

  it('what is missing twice is taken away, and only its safe was asked again', async (t) => {
    for (const full of [false, true]) {
      const lab = await labOf(t);
      lab.safe('web').splice(2, 1);
      const pass = await lab.pass({ full });
      assert.deepEqual(pass.removed, [`${lab.vault}/l/web/n2/password`]);
      assert.deepEqual(await lab.differences(), []);
      assert.ok(listsOf(lab, 'web') > listsOf(lab, 'ops'));
    }
  });

  it('nothing is asked again while nothing is gone', async (t) => {
    const lab = await labOf(t);
    change(lab.safe('web')[0], 'changed');
    await lab.pass();
    assert.equal(lab.pam.asked.filter((line) => line.includes('/Safes?offset=0&')).length, 1);
    const lists = lab.pam.asked.filter((line) => line.includes('/Accounts?') && line.includes('offset=0&'));
    assert.equal(lists.length, 2);
  });

  for (const [words, spoil, report] of [
    [
      'fails',
      (lab: PassLab) => {
        lab.pam.misbehaviour = { kind: 'fails', path: /Accounts$/u, times: 1e6 };
      },
      /"source_failed","lob":"l","safe":"web",.*\(500\)/u,
    ],
    [
      'is empty',
      (lab: PassLab) => {
        lab.pam.misbehaviour = { kind: 'empty', of: /Accounts/u };
      },
      /"source_empty","lob":"l","safe":"web","kept":5/u,
    ],
    [
      'does not show the safe',
      (lab: PassLab) => {
        lab.pam.users.get('u')?.safes.delete('web');
      },
      /"source_failed","lob":"l","safe":"web",.*listed a moment ago/u,
    ],
  ] as const) {
    it(`nothing of the safe is touched when the second list ${words}`, async (t) => {
      const lab = await labOf(t);
      const earlier = await lab.snapshot();
      lab.safe('web').splice(2, 1);
      change(lab.safe('web')[0], 'changed');
      let begun = 0;
      lab.pam.onAsked = (line) => {
        if (line.includes('/Safes?offset=0&')) begun += 1;
        if (begun === 2) spoil(lab);
      };
      const pass = await lab.pass();
      assert.match(JSON.stringify(pass.reports), report);
      assert.deepEqual(await lab.snapshot(), earlier);
    });
  }

  it('a check is still due where the second list failed', async (t) => {
    const lab = await labOf(t);
    const wallClock = () => Date.now() + 2 * 3_600_000;
    const byHand = new Secret(new TextEncoder().encode('by hand'));
    await writeSecret(lab.client, `${lab.vault}/l/web/n1/password`, byHand);
    lab.safe('web').splice(2, 1);
    let begun = 0;
    lab.pam.onAsked = (line) => {
      if (line.includes('/Safes?offset=0&')) begun += 1;
      if (begun === 2) lab.pam.misbehaviour = { kind: 'fails', path: /Accounts$/u, times: 1e6 };
    };
    const failed = await lab.pass({}, { wallClock });
    assert.deepEqual([failed.mode, failed.mended], ['full', []]);
    lab.pam.onAsked = () => undefined;
    lab.pam.misbehaviour = null;
    const next = await lab.pass({}, { wallClock });
    assert.deepEqual(next.mended, [`${lab.vault}/l/web/n1/password`]);
    assert.equal(next.unchanged, 1); // of the other safe, whose check was done
    assert.deepEqual((await lab.pass({}, { wallClock })).unchanged, 5);
  });

  it('what a take-over could not read is looked at as soon as it can be', async (t) => {
    const lab = await labOf(t);
    // As another leader left it, which followed this one and was followed by it.
    await writeSecret(
      lab.client,
      `${lab.vault}/l/web/n1/password`,
      new Secret(new TextEncoder().encode('older')),
    );
    lab.pam.misbehaviour = { kind: 'empty' };
    const nothing = await lab.pass({ takesOver: true });
    assert.deepEqual([nothing.accounts, nothing.written], [0, []]);
    lab.pam.misbehaviour = null;
    assert.equal((await lab.pass()).mode, 'full');
    assert.deepEqual(await lab.differences(), []);
    assert.equal((await lab.pass()).mode, 'quick');
  });

  it('an account that is there without values keeps what it had', async (t) => {
    const lab = await startPassLab(t, listening, {});
    const root = await mkdtemp(join(tmpdir(), 'holdfast-source-'));
    t.after(() => rm(root, { recursive: true, force: true }));
    for (const path of ['l/s/a', 'l/s/b']) {
      await mkdir(join(root, path), { recursive: true });
      await writeFile(join(root, path, 'password'), path);
    }
    const pass = () => lab.pass({}, { source: openDirectorySource(root) });
    await pass();
    const earlier = await lab.snapshot();
    await rm(join(root, 'l/s/a/password'));
    const emptied = await pass();
    assert.deepEqual(emptied.reports, [
      { code: 'account_empty', branch: `${lab.vault}/l/s`, account: 's/a' },
    ]);
    assert.deepEqual([emptied.removed, await lab.snapshot()], [[], earlier]);
    await rm(join(root, 'l/s/a'), { recursive: true });
    assert.deepEqual((await pass()).removed, [`${lab.vault}/l/s/a/password`]);
  });

  it('accounts of one name in two safes of a directory are passed over alike', async (t) => {
    const lab = await startPassLab(t, listening, {});
    const root = await mkdtemp(join(tmpdir(), 'holdfast-source-'));
    t.after(() => rm(root, { recursive: true, force: true }));
    for (const path of ['l/s/db', 'l/t/db']) {
      await mkdir(join(root, path), { recursive: true });
      await writeFile(join(root, path, 'password'), path);
    }
    const pass = () => lab.pass({}, { source: openDirectorySource(root) });
    await pass();
    assert.equal((await pass()).unchanged, 2);
  });
});
