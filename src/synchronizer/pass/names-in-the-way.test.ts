import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { needsAttention } from '../../core/sync/attention.ts';
import { loadPolicy } from '../../client/policies.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { soleAuthority } from '../authority.ts';
import { openStateFile } from '../state/state-file.ts';
import { dyingBehind } from '../testing/dying-client.ts';
import { heldAccount, type PassLab, startPassLab } from '../testing/pass-lab.ts';
import type { HeldAccount } from '../testing/pam-stand-in.ts';
import { appsOn, letIn } from '../testing/single-roles.ts';

const policies = ['retain', 'disable', 'delete'] as const;

function rename(account: HeldAccount | undefined, name: string): void {
  if (account === undefined) throw new Error('there is no such account');
  account.name = name;
}

describe('what an account had, while names change', { timeout: 120_000 }, () => {
  const listening = listeningServer();
  let owners = 0;

  const load = (lab: PassLab, mode: 'load' | 'update', text: string) =>
    loadPolicy(lab.client, { branch: `${lab.vault}/l/web`, mode, text });

  /** A pass that ends behind a load; killed at once, or when it has kept what it knew. */
  const dies = async (lab: PassLab, lastLoad: number, saves: boolean): Promise<void> => {
    const file = await openStateFile(join(lab.directory, 'state'), `${listening.url} ${lab.vault}`);
    let isDead = false;
    const client = dyingBehind(lab.host, lastLoad, () => {
      isDead = true;
    });
    const stateFile = {
      ...file,
      save: async (): Promise<void> => {
        if (saves || !isDead) await file.save();
      },
    };
    await assert.rejects(lab.pass({}, { client, authority: soleAuthority(client), stateFile }), /killed/u);
  };

  for (const policy of policies) {
    it(`follows through two renames in quick passes, with ${policy}`, async (t) => {
      const lab = await startPassLab(t, listening, {
        web: [heldAccount('1_0', 'z'), heldAccount('1_1', 'other')],
      });
      const settings = { removal: { policy, most: 100, mostPercent: 100 } };
      await lab.pass({}, settings);
      rename(lab.safe('web')[0], 'b');
      await lab.pass({}, settings);
      await lab.pass({ full: true }, settings); // reads the names in their order
      const app = await letIn(lab, 'b/password');
      rename(lab.safe('web')[0], 'c');
      const pass = await lab.pass({}, settings);
      assert.deepEqual([pass.mode, pass.failures], ['quick', []]);
      assert.deepEqual(await appsOn(lab, 'c/password'), [app]);
      assert.deepEqual(
        pass.reports.filter(({ code }) => code === 'renamed'),
        [{ code: 'renamed', from: `${lab.vault}/l/web/b/password`, to: `${lab.vault}/l/web/c/password` }],
      );
    });
  }

  for (const policy of policies) {
    for (const isSeen of [true, false]) {
      const which = isSeen ? 'a foreign variable' : 'a foreign variable that may not be seen';
      it(`stays when ${which} is in the way, with ${policy}`, async (t) => {
        const lab = await startPassLab(t, listening, {
          web: [heldAccount('1_1', 'db', { userName: 'root' }), heldAccount('1_2', 'api')],
        });
        const settings = { removal: { policy, most: 100, mostPercent: 100 } };
        await lab.pass({}, settings);
        owners += 1;
        await listening.server.load(`- !user owner-${owners}`);
        await load(
          lab,
          'load',
          isSeen
            ? '- !variable new/password'
            : `- !variable {id: new/password, owner: !user /owner-${owners}}`,
        );
        const [ofDb, ofApi] = [await letIn(lab, 'db/password'), await letIn(lab, 'api/password')];
        const [db, api] = lab.safe('web');
        rename(db, 'new');
        rename(api, 'db');
        for (const full of [false, true, false]) {
          const pass = await lab.pass({ full }, settings);
          assert.ok(
            pass.reports.some((each) => each.code === 'variable_foreign'),
            'the foreign variable is named',
          );
          assert.deepEqual([pass.removed, pass.disabled], [[], []]);
          assert.deepEqual(await lab.values('l/web/db/password', 'l/web/db/username', 'l/web/api/password'), [
            'secret 1_1',
            'root',
            'secret 1_2',
          ]);
          assert.deepEqual(
            [await appsOn(lab, 'db/password'), await appsOn(lab, 'api/password')],
            [[ofDb], [ofApi]],
          );
        }
        await load(lab, 'update', '- !delete {record: !variable new/password}');
        assert.deepEqual((await lab.pass({}, settings)).failures, []);
        assert.deepEqual(await lab.values('l/web/new/password', 'l/web/new/username', 'l/web/db/password'), [
          'secret 1_1',
          'root',
          'secret 1_2',
        ]);
        assert.deepEqual(
          [await appsOn(lab, 'new/password'), await appsOn(lab, 'db/password')],
          [[ofDb], [ofApi]],
        );
      });
    }
  }

  it('stays while the account is called as another one, and whoever takes its name waits', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'a'), heldAccount('1_2', 'b'), heldAccount('1_3', 'c')],
    });
    await lab.pass();
    const ofA = await letIn(lab, 'a/password');
    const [a] = lab.safe('web');
    rename(a, 'b');
    lab.safe('web').push(heldAccount('1_4', 'a'));
    for (const full of [false, true]) {
      const pass = await lab.pass({ full });
      assert.deepEqual(pass.reports, [
        { code: 'name_shared', branch: `${lab.vault}/l/web`, name: 'b', accounts: ['1_1', '1_2'] },
        { code: 'name_held', identifier: `${lab.vault}/l/web/a/password`, account: '1_1' },
      ]);
      assert.ok(needsAttention({ ...pass, reports: pass.reports.slice(1) }));
      assert.deepEqual(await lab.values('l/web/a/password', 'l/web/b/password'), [
        'secret 1_1',
        'secret 1_2',
      ]);
      assert.deepEqual(await appsOn(lab, 'a/password'), [ofA]);
    }
    rename(a, 'd');
    await lab.pass();
    assert.deepEqual(await lab.values('l/web/a/password', 'l/web/d/password'), ['secret 1_4', 'secret 1_1']);
    assert.deepEqual([await appsOn(lab, 'a/password'), await appsOn(lab, 'd/password')], [[], [ofA]]);
    assert.deepEqual(await lab.differences(), []);
  });

  // Four loads where single roles are let in, one where none is.
  for (const [lastLoad, isLetIn] of [
    [1, true],
    [2, true],
    [3, true],
    [4, true],
    [1, false],
  ] as const) {
    const who = isLetIn ? 'with single roles' : 'of groups alone';
    for (const [next, saves] of [
      ['as they were', true],
      ['as they were', false],
      ['otherwise', true],
      ['otherwise', false],
    ] as const) {
      const how = saves ? 'died' : 'was killed';
      it(`is found when a pass ${how} behind load ${lastLoad} of a swap ${who}, and names are ${next} by then`, async (t) => {
        const lab = await startPassLab(t, listening, {
          web: [heldAccount('1_0', 'a'), heldAccount('1_1', 'b'), heldAccount('1_2', 'c')],
        });
        await lab.pass();
        const ofA = isLetIn ? [await letIn(lab, 'a/password')] : [];
        const ofB = isLetIn ? [await letIn(lab, 'b/password')] : [];
        const [a, b] = lab.safe('web');
        rename(a, 'b');
        rename(b, 'a');
        await dies(lab, lastLoad, saves);
        const [nameOfA, nameOfB] = next === 'as they were' ? ['a', 'b'] : ['x', 'a'];
        rename(a, nameOfA);
        rename(b, nameOfB);
        const pass = await lab.pass();
        assert.deepEqual([pass.mode, pass.failures], ['quick', []]);
        assert.deepEqual(
          [await appsOn(lab, `${nameOfA}/password`), await appsOn(lab, `${nameOfB}/password`)],
          [ofA, ofB],
        );
        const full = await lab.pass({ full: true });
        assert.deepEqual([full.reports, full.created, full.written, full.removed], [[], [], [], []]);
        assert.deepEqual(await lab.differences(), []);
      });
    }
  }

  // What is made, who is let in kept, what is there deleted, and made anew.
  for (const lastLoad of [1, 2, 3, 4]) {
    for (const saves of [true, false]) {
      const how = saves ? 'died' : 'was killed';
      it(`is found under a name that the account had for a moment, when a pass ${how} behind load ${lastLoad}`, async (t) => {
        const lab = await startPassLab(t, listening, {
          web: [heldAccount('1_0', 'a'), heldAccount('1_1', 'b'), heldAccount('1_2', 'c')],
        });
        await lab.pass();
        const [ofA, ofB] = [await letIn(lab, 'a/password'), await letIn(lab, 'b/password')];
        const [a, b] = lab.safe('web');
        rename(a, 'moment');
        rename(b, 'a');
        await dies(lab, lastLoad, saves);
        rename(a, 'n');
        const pass = await lab.pass();
        assert.deepEqual([pass.mode, pass.failures], ['quick', []]);
        assert.deepEqual([await appsOn(lab, 'n/password'), await appsOn(lab, 'a/password')], [[ofA], [ofB]]);
        assert.deepEqual(await lab.differences(), []);
      });
    }
  }

  it('is found where one role alone was let in, and nothing is kept beside', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_0', 'a'), heldAccount('1_1', 'b'), heldAccount('1_2', 'c')],
    });
    await lab.pass();
    await letIn(lab, 'a/password');
    const gone = lab.safe('web').splice(0, 1);
    rename(lab.safe('web')[0], 'a');
    await dies(lab, 1, false); // a/password is deleted
    rename(lab.safe('web')[0], 'b');
    lab.safe('web').push(...gone);
    assert.deepEqual((await lab.pass()).failures, []);
    assert.deepEqual(await lab.differences(), []);
  });
});
