import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { loaded } from '../testing/load.ts';
import { isHarmless } from './attention.ts';
import type { Layout } from './layout.ts';
import type { Report } from './plan.ts';
import type { RemovalRules } from './rules.ts';
import type { SourceLob } from './source-state.ts';
import {
  carryOut,
  emptyTarget,
  type ModelAccount,
  type ModelTarget,
  planFor,
  stateOf,
} from './testing/model-target.ts';
import { account, appsOf, endEarly, letIn, oneSafe } from './testing/one-safe.ts';

const layout: Layout = { base: 'root', vault: 'corp' };
const rules = (policy: RemovalRules['policy']): RemovalRules => ({
  policy,
  most: 1_000_000,
  mostPercent: 100,
});
const branch = 'corp/l/s';

function pass(
  target: ModelTarget,
  source: readonly SourceLob<ModelAccount>[],
  removal: RemovalRules = rules('delete'),
  onStep: () => void = () => undefined,
): readonly Report[] {
  const plan = planFor(target, { layout, source, removal, wholeVault: true });
  carryOut(target, layout, plan, 'repair', { onStep });
  return plan.reports;
}

/** Somebody else's variable, unless there is one already. */
function putForeign(target: ModelTarget, path: string): boolean {
  if (target.db.resources.has(`a:variable:${branch}/${path}`)) return false;
  target.db = loaded(target.db, 'append', `- !variable ${path}`, branch);
  target.values.set(`${branch}/${path}`, 'theirs');
  return true;
}

function takeAway(target: ModelTarget, path: string): void {
  target.db = loaded(target.db, 'modify', `- !delete {record: !variable ${path}}`, branch);
  target.values.delete(`${branch}/${path}`);
}

/** Paths at which the value of an account lies and its own application is let in. */
function placesOf(target: ModelTarget, id: string): readonly string[] {
  return [...stateOf(target, layout).variables]
    .filter(
      ([identifier, each]) => each.account === `l/${id}` && target.values.get(identifier) === `of ${id}`,
    )
    .map(([identifier]) => identifier.slice(branch.length + 1))
    .filter((path) => appsOf(target, path).includes(`app-${id}`));
}

const named = (id: string, name: string) => account(id, name, { password: `of ${id}` });

describe('a plan, when names are taken', () => {
  for (const policy of ['retain', 'disable', 'delete'] as const) {
    it(`leaves all that an account had whose new name is foreign in a part, with ${policy}`, () => {
      const target = emptyTarget();
      const db = (name: string) => account('1', name, { password: 'p', username: 'u' });
      pass(target, oneSafe(db('db'), named('2', 'api'), named('3', 'web')));
      letIn(target, 'db/password', 'app');
      putForeign(target, 'new/password');
      // One after the other has the name that another one had.
      const source = oneSafe(db('new'), named('2', 'db'), named('3', 'api'));
      const reports = pass(target, source, rules(policy));
      assert.deepEqual(
        reports.filter((report) => !isHarmless(report)),
        [
          { code: 'variable_foreign', identifier: 'corp/l/s/new/password' },
          { code: 'name_held', identifier: 'corp/l/s/db/password', account: '1' },
          { code: 'name_held', identifier: 'corp/l/s/api/password', account: '2' },
        ],
      );
      const at = (path: string) => target.values.get(`${branch}/${path}`);
      assert.deepEqual(
        ['db/password', 'db/username', 'api/password', 'web/password', 'new/password'].map(at),
        ['p', 'u', 'of 2', 'of 3', 'theirs'],
      );
      assert.equal(stateOf(target, layout).variables.get('corp/l/s/db/password')?.permitted, true);
      takeAway(target, 'new/password');
      pass(target, source, rules(policy));
      assert.deepEqual(['new/password', 'db/password', 'api/password'].map(at), ['p', 'of 2', 'of 3']);
      assert.deepEqual([appsOf(target, 'new/password'), appsOf(target, 'db/password')], [['app'], []]);
    });
  }

  const blocked: readonly (readonly [string, readonly ModelAccount[]])[] = [
    ['shares a name', [named('1', 'c'), named('3', 'c')]],
    ['has no values', [account('1', 'b', {})]],
    ['has a name that is too long', [named('1', ':'.repeat(300))]],
    ['may be one that cannot be read', [{ ...account('?', '?', {}), fault: 'it cannot be read.' }]],
  ];
  for (const [which, accounts] of blocked) {
    it(`gives no other the variable of an account that ${which}`, () => {
      const target = emptyTarget();
      pass(target, oneSafe(named('1', 'a'), named('3', 'c')));
      letIn(target, 'a/password', 'app-1');
      const others = accounts.length > 1 ? [] : [named('3', 'c')];
      const reports = pass(target, oneSafe(...accounts, ...others, named('4', 'a')));
      assert.deepEqual(reports.at(-1), {
        code: 'name_held',
        identifier: 'corp/l/s/a/password',
        account: '1',
      });
      assert.deepEqual(placesOf(target, '1'), ['a/password']);
      pass(target, oneSafe(named('1', 'd'), named('3', 'c'), named('4', 'a')));
      assert.deepEqual(placesOf(target, '1'), ['d/password']);
      assert.deepEqual(
        [target.values.get('corp/l/s/a/password'), appsOf(target, 'a/password')],
        ['of 4', []],
      );
    });
  }

  it('names the name before, of several under which there are variables', () => {
    const target = emptyTarget();
    for (const name of ['z', 'b', 'z']) pass(target, oneSafe(named('1', name)), rules('retain'));
    assert.deepEqual(
      pass(target, oneSafe(named('1', 'c')), rules('retain')).filter(({ code }) => code === 'renamed'),
      [{ code: 'renamed', from: 'corp/l/s/z/password', to: 'corp/l/s/c/password' }],
    );
  });

  for (const keeps of ['names', 'nothing'] as const) {
    it(`gives an account back who was let in to it, when it has an older name after a pass that ended early and left ${keeps}`, () => {
      for (let steps = 0; steps < 12; steps += 1) {
        const target = emptyTarget();
        const retain = rules('retain');
        pass(target, oneSafe(named('1', 'a'), named('2', 'b')), retain);
        pass(target, oneSafe(named('1', 'n'), named('2', 'b')), retain);
        letIn(target, 'n/password', 'app-1'); // and not under the name before
        letIn(target, 'b/password', 'app-2');
        const swapped = oneSafe(named('1', 'b'), named('2', 'n'));
        const plan = planFor(target, { layout, source: swapped, removal: retain, wholeVault: true });
        endEarly(target, layout, plan, steps, () => undefined, keeps);
        const isParked = target.db.resources.has(`a:variable:${branch}/~.b/password`);
        pass(target, oneSafe(named('1', 'a'), named('2', 'b')), retain);
        assert.ok(placesOf(target, '2').includes('b/password'), `2 after ${steps} steps`);
        // Whoever knows no names finds only what was kept for the case.
        if (isParked || keeps === 'names')
          assert.ok(placesOf(target, '1').includes('a/password'), `1 after ${steps} steps`);
      }
    });
  }

  it('loses nothing of an account that is in the source, whatever is in its way, and has it under its name in the end', () => {
    const names = ['a', 'b', 'c', 'd'] as const;
    const state = fc.record({
      accounts: fc
        .subarray(['1', '2', '3', '4'], { minLength: 1 })
        .chain((ids) =>
          fc.tuple(
            ...ids.map((id) =>
              fc.record({ id: fc.constant(id), name: fc.constantFrom(...names), isEmpty: rarely }),
            ),
          ),
        ),
      foreign: fc.subarray([...names], { maxLength: 2 }),
      hidesOne: rarely,
      endsAfter: fc.option(fc.nat(15)),
    });
    fc.assert(
      fc.property(fc.array(state, { minLength: 2, maxLength: 6 }), policies, (states, policy) => {
        const target = emptyTarget();
        const removal = rules(policy);
        const foreign = new Set<string>();
        const known = new Set<string>();
        pass(target, oneSafe(account('0', 'stays')));
        const nobodyElse = (): void => {
          for (const [identifier, value] of target.values) {
            const apps = appsOf(target, identifier.slice(branch.length + 1));
            assert.ok(
              apps.every((app) => app === `app-${value.slice(3)}`),
              `${identifier}: ${apps.join(' ')}`,
            );
          }
        };
        const nothingLost = (accounts: readonly { readonly id: string }[]): void => {
          for (const path of foreign) assert.equal(target.values.get(`${branch}/${path}`), 'theirs');
          for (const { id } of accounts)
            if (known.has(id)) assert.notDeepEqual(placesOf(target, id), [], `of ${id}`);
        };
        for (const { accounts, foreign: put, hidesOne, endsAfter } of states) {
          for (const path of foreign) takeAway(target, path);
          foreign.clear();
          for (const name of put) if (putForeign(target, `${name}/password`)) foreign.add(`${name}/password`);
          const source = oneSafe(
            ...accounts.map(({ id, name, isEmpty }) => (isEmpty ? account(id, name, {}) : named(id, name))),
            ...(hidesOne ? [{ ...account('?', '?', {}), fault: 'it cannot be read.' }] : []),
            account('0', 'stays'),
          );
          const input = { layout, source, removal, wholeVault: true };
          if (endsAfter !== null) endEarly(target, layout, planFor(target, input), endsAfter, nobodyElse);
          pass(target, source, removal, nobodyElse);
          nothingLost(accounts);
          for (const { id, name } of accounts) {
            const isThere = target.values.get(`${branch}/${name}/password`) === `of ${id}`;
            if (known.has(id) || !isThere) continue;
            letIn(target, `${name}/password`, `app-${id}`);
            known.add(id);
          }
          for (const id of known) if (!accounts.some((each) => each.id === id)) known.delete(id);
        }
        for (const path of foreign) takeAway(target, path);
        const free = oneSafe(...[...known].map((id) => named(id, `end ${id}`)), account('0', 'stays'));
        assert.deepEqual(
          pass(target, free, removal, nobodyElse).filter(
            (report) => !isHarmless(report) && report.code !== 'name_reused',
          ),
          [],
        );
        for (const id of known) assert.deepEqual(appsOf(target, `end ${id}/password`), [`app-${id}`]);
      }),
      { numRuns: 400 },
    );
  });
});

const rarely = fc.integer({ min: 0, max: 4 }).map((at) => at === 0);
const policies = fc.constantFrom<RemovalRules['policy']>('retain', 'disable', 'delete');
