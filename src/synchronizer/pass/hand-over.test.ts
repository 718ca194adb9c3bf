import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { showResource } from '../../client/resources.ts';
import type { ReusedVariable } from '../../core/sync/plan.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { heldAccount, startPassLab } from '../testing/pass-lab.ts';
import { handOver } from './hand-over.ts';

function move(path: string, formerAccount: string, account: string): ReusedVariable {
  return { path, account, formerAccount, accountsAnnotation: '', permits: [] };
}

const paths = (variables: readonly ReusedVariable[]) => variables.map(({ path }) => path);

test('of names that pass on, those wait whose accounts wait, or would take what one that waits has', () => {
  const rekey = [move('b', '1', '2'), move('c', '2', '3'), move('y', '8', '9')];
  const replace = [move('a', '3', '1'), move('z', '6', '7')];
  const given = (unread: readonly string[], blank: readonly string[] = [], isHeld = false) => {
    const handed = handOver({ rekey, replace }, { unread: new Set(unread), blank: new Set(blank) }, isHeld);
    return [paths(handed.rekey), paths(handed.replace)];
  };
  assert.deepEqual(given([]), [
    ['b', 'c', 'y'],
    ['a', 'z'],
  ]);
  assert.deepEqual(given(['9']), [
    ['b', 'c'],
    ['a', 'z'],
  ]);
  assert.deepEqual(given(['2']), [['y'], []]); // 3 would take c, and 1 what 3 has
  assert.deepEqual(given(['7']), [['y'], []]); // what is made anew waits together: 1 keeps b
  assert.deepEqual(given([], ['3']), [['y'], []]);
  assert.deepEqual(given([], ['7']), [
    ['b', 'c', 'y'],
    ['a', 'z'],
  ]);
  assert.deepEqual(given([], [], true), [['y'], []]);
});

describe('a name that another account has now', { timeout: 120_000 }, () => {
  const listening = listeningServer();

  for (const [words, spoil] of [
    ['the source refuses the value', 'refused'],
    ['the value is empty', ' '],
  ] as const)
    it(`stays with the former account while ${words}`, async (t) => {
      const lab = await startPassLab(t, listening, {
        web: [heldAccount('1_0', 'a'), heldAccount('1_1', 'b'), heldAccount('1_2', 'c')],
      });
      await lab.pass();
      lab.safe('web').splice(0, 1);
      const [next, third] = lab.safe('web');
      assert.ok(next !== undefined && third !== undefined);
      [next.name, third.name] = ['a', 'b']; // and b, which holds the last value that is known, passes to the third
      next.lastModifiedTime += 1;
      if (spoil === 'refused')
        lab.pam.misbehaviour = { kind: 'fails', path: /1_1\/Password/u, times: 1_000_000, status: 403 };
      else next.password = spoil;
      const pass = await lab.pass();
      assert.deepEqual(
        pass.failures.map(({ account }) => account),
        ['a', 'b'],
      );
      const accountOf = async (name: string) => {
        const identifier = `${lab.vault}/l/web/${name}/password`;
        const { annotations } = await showResource(lab.client, { kind: 'variable', identifier });
        return /"holdfast-sync\/account","value":"([^"]*)"/u.exec(JSON.stringify(annotations))?.[1];
      };
      assert.deepEqual([await accountOf('a'), await accountOf('b')], ['l/1_0', 'l/1_1']);
      assert.deepEqual(await lab.values('l/web/a/password', 'l/web/b/password', 'l/web/c/password'), [
        'secret 1_0',
        'secret 1_1',
        'secret 1_2',
      ]);
      lab.pam.misbehaviour = null;
      next.password = 'rotated';
      assert.deepEqual((await lab.pass()).failures, []);
      assert.deepEqual(await lab.differences(), []);
      assert.deepEqual([await accountOf('a'), await accountOf('b')], ['l/1_1', 'l/1_2']);
    });
});
