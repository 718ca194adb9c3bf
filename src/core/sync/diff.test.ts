import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { loaded } from '../testing/load.ts';
import { accountKey, type Layout, safeBranch, variablePath } from './layout.ts';
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
import { randomSource } from './testing/random-source.ts';

const layout: Layout = { base: 'root', vault: 'corp' };
const anyNumber = { most: 1_000_000, mostPercent: 100 };
const removals = fc.constantFrom<RemovalRules>(
  { policy: 'retain', ...anyNumber },
  { policy: 'disable', ...anyNumber },
  { policy: 'delete', ...anyNumber },
);
const removing: RemovalRules = { policy: 'delete', ...anyNumber };

function pass(
  target: ModelTarget,
  source: readonly SourceLob<ModelAccount>[],
  removal: RemovalRules = removing,
) {
  const plan = planFor(target, { layout, source, removal, wholeVault: true });
  return {
    plan,
    ...carryOut(target, layout, plan, 'repair', { bounds: { mostBytes: 2000, mostVariables: 3 } }),
  };
}

/** What the source says should be there, by identifier, leaving out what it says twice. */
function expected(source: readonly SourceLob<ModelAccount>[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const lob of source) {
    for (const safe of lob.safes.ok ? lob.safes.value : []) {
      const listed = safe.accounts.ok ? safe.accounts.value : [];
      for (const one of listed) {
        const rivals = listed.filter(({ id, name }) => (id === one.id) !== (name === one.name));
        if (rivals.length > 0 || isDrawnIn(listed, one)) continue;
        const same = listed.filter(({ id, name }) => id === one.id && name === one.name).at(-1) ?? one;
        for (const [property, value] of Object.entries(same.values)) {
          found.set(`${safeBranch(layout, lob.name, safe.name)}/${variablePath(one.name, property)}`, value);
        }
      }
    }
  }
  return found;
}

/** An account whose name is claimed by one that is itself refused stays out, too. */
function isDrawnIn(listed: readonly ModelAccount[], one: ModelAccount): boolean {
  return listed.some((other) => other !== one && (other.id === one.id) !== (other.name === one.name));
}

describe('a plan', () => {
  it('makes the target show what the source has, and leaves nothing for a second plan', () => {
    fc.assert(
      fc.property(fc.array(randomSource, { minLength: 1, maxLength: 4 }), removals, (states, removal) => {
        const target = emptyTarget();
        for (const source of states) {
          const { plan } = pass(target, source, removal);
          const held = new Set(
            plan.reports.flatMap((each) => (each.code === 'name_held' ? [each.identifier] : [])),
          );
          for (const [identifier, value] of expected(source))
            if (!held.has(identifier)) assert.equal(target.values.get(identifier), value, identifier);
          const again = pass(target, source, removal);
          assert.deepEqual([again.loads, again.written], [0, []]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('lets nobody into what is gone: with delete it is not there, with disable the groups have nothing on it', () => {
    fc.assert(
      fc.property(randomSource, randomSource, fc.boolean(), (before, after, disables) => {
        const target = emptyTarget();
        pass(target, before);
        const { plan } = pass(target, after, { policy: disables ? 'disable' : 'delete', ...anyNumber });
        for (const { branch, disable, remove } of plan.safes) {
          for (const { path } of remove)
            assert.equal(target.db.resources.has(`a:variable:${branch}/${path}`), false);
          for (const { path } of disable) {
            const id = `a:variable:${branch}/${path}`;
            assert.equal(target.db.resources.has(id), true);
            assert.equal(
              [...target.db.permissions.values()].some((row) => row.resourceId === id),
              false,
            );
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('touches nothing that is not ours', () => {
    const foreignNames = [variablePath('db', 'password'), variablePath('delegation', 'username'), 'note'];
    fc.assert(
      fc.property(
        randomSource,
        randomSource,
        fc.subarray(foreignNames),
        removals,
        (first, second, names, removal) => {
          const target = emptyTarget();
          pass(target, oneSafe(account('1_1', 'old')), removal);
          const text = ['- !host app', ...names.map((name) => `- !variable '${name}'`)].join('\n');
          target.db = loaded(target.db, 'append', text, 'corp/l/s');
          for (const name of names) target.values.set(`corp/l/s/${name}`, 'theirs');
          const mine = (): unknown[] =>
            names.map((name) => {
              const id = `a:variable:corp/l/s/${name}`;
              const rows = [...target.db.permissions.values(), ...target.db.annotations.values()];
              return [
                target.db.resources.get(id),
                target.values.get(`corp/l/s/${name}`),
                rows.filter((row) => row.resourceId === id),
              ];
            });
          const before = mine();
          for (const source of [first, second]) {
            const named = source.map((lob, at) => (at === 0 ? { ...lob, name: 'l' } : lob));
            pass(target, named, removal);
          }
          assert.deepEqual(mine(), before);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('removes nothing of what was not read, was read empty, or has vanished whole', () => {
    fc.assert(
      fc.property(randomSource, randomSource, (before, after) => {
        const target = emptyTarget();
        pass(target, before);
        const kept = [...target.values.keys()].filter((identifier) => !isRead(after, identifier));
        pass(target, after);
        for (const identifier of kept) assert.ok(target.values.has(identifier), identifier);
      }),
      { numRuns: 200 },
    );
  });

  it('stops when it would remove more than one pass may, and not before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }),
        fc.nat(11),
        fc.nat(12),
        fc.nat(100),
        (owned, kept, most, mostPercent) => {
          const all = Array.from({ length: owned }, (_, at) => account(`1_${at}`, `n${at}`));
          const target = emptyTarget();
          pass(target, oneSafe(...all));
          const left = all.slice(0, Math.max(1, Math.min(kept, owned)));
          const removal: RemovalRules = { policy: 'delete', most, mostPercent };
          const { stopped } = planFor(target, {
            layout,
            source: oneSafe(...left),
            removal,
            wholeVault: true,
          });
          const removed = owned - left.length;
          const mayGo =
            removed === 0 || (removed <= most && (removed === 1 || removed * 100 <= owned * mostPercent));
          assert.equal(stopped === null, mayGo && (removed === 0 || mostPercent > 0));
          if (stopped !== null) {
            assert.equal(stopped.removals, removed);
            assert.equal(stopped.identifiers.length, removed);
            assert.ok(stopped.allowed < removed);
          }
        },
      ),
    );
  });

  it('removes nothing where nothing may go, counts what went lately, and does what was accepted', () => {
    const target = emptyTarget();
    const all = Array.from({ length: 40 }, (_, at) => account(`1_${at}`, `n${at}`));
    pass(target, oneSafe(...all));
    const stopOf = (rules: Partial<RemovalRules>, lately: number, accepted: number | null = null) =>
      planFor(target, {
        layout,
        source: oneSafe(...all.slice(4)),
        removal: { policy: 'delete', most: 500, mostPercent: 10, ...rules },
        wholeVault: true,
        removedLately: lately,
        acceptedRemovals: accepted,
      }).stopped?.allowed ?? 'goes on';
    assert.equal(stopOf({}, 0), 'goes on');
    assert.equal(stopOf({}, 1), 3);
    assert.equal(stopOf({}, 90), 0);
    assert.equal(stopOf({ mostPercent: 20 }, 5), 'goes on'); // 9 of the 45 that there were
    assert.equal(stopOf({ mostPercent: 20 }, 6), 3);
    assert.equal(stopOf({ mostPercent: 0 }, 0), 0);
    assert.equal(stopOf({ most: 0 }, 0), 0);
    assert.equal(stopOf({ most: 3 }, 0), 3);
    assert.equal(stopOf({}, 90, 4), 'goes on');
    assert.equal(stopOf({}, 0, 3), 3);
  });

  it('follows a renamed account: who was let in by a permission of their own is let in under the new name', () => {
    const target = emptyTarget();
    pass(target, oneSafe(account('1_1', 'old'), account('1_2', 'other')));
    target.db = loaded(
      target.db,
      'append',
      '- !host app\n- !permit {role: !host app, privileges: [read, execute], resource: !variable corp/l/s/old/password}',
    );
    const { plan } = pass(target, oneSafe(account('1_1', 'new'), account('1_2', 'other')));
    assert.deepEqual(plan.reports, [
      { code: 'renamed', from: 'corp/l/s/old/password', to: 'corp/l/s/new/password' },
    ]);
    const state = stateOf(target, layout);
    assert.equal(state.variables.has('corp/l/s/old/password'), false);
    assert.deepEqual(
      state.variables
        .get('corp/l/s/new/password')
        ?.foreignPermits.map(({ role, privilege }) => `${role} ${privilege}`)
        .sort(),
      ['a:host:app execute', 'a:host:app read'],
    );
    assert.deepEqual(state.variables.get('corp/l/s/other/password')?.foreignPermits, []);
  });

  it('lets in to the value of an account those who were let in to that account and nobody else, at each step of any renaming, and whoever goes on where it ended', () => {
    const naming = fc
      .shuffledSubarray(['a', 'b', 'c', 'd'], { minLength: 1 })
      .chain((names) =>
        fc
          .shuffledSubarray(['1', '2', '3', '4'], { minLength: names.length, maxLength: names.length })
          .map((ids) => ids.map((id, at) => account(id, names[at] ?? '', { password: `of ${id}` }))),
      );
    // After so many steps the pass ends, and one goes on that remembers nothing.
    const interrupted = fc.record({ accounts: naming, endsAfter: fc.option(fc.nat(15)) });
    fc.assert(
      fc.property(fc.array(interrupted, { minLength: 2, maxLength: 5 }), removals, (states, removal) => {
        const target = emptyTarget();
        const safe = (): void => {
          for (const [identifier, value] of target.values) {
            const apps = appsOf(target, identifier.slice('corp/l/s/'.length));
            assert.deepEqual(
              apps.filter((app) => app !== `app-${value.slice(3)}`),
              [],
              identifier,
            );
          }
        };
        const known = new Set<string>();
        for (const { accounts, endsAfter } of states) {
          const source = oneSafe(...accounts, account('0', 'stays'));
          const present = new Set(accounts.map(({ id }) => id));
          const input = { layout, source, removal, wholeVault: true };
          if (endsAfter !== null) endEarly(target, layout, planFor(target, input), endsAfter, safe);
          carryOut(target, layout, planFor(target, input), 'repair', { onStep: safe });
          assert.deepEqual(
            [...target.db.resources.keys()].filter((id) => id.includes('/~.')),
            [],
          );
          for (const { id, name } of accounts) {
            const apps = appsOf(target, `${name}/password`);
            if (known.has(id)) assert.deepEqual(apps, [`app-${id}`], `${id}, which is called ${name}`);
            else letIn(target, `${name}/password`, `app-${id}`);
            known.add(id);
          }
          // Who was let in to what is gone has to be let in again, unless its variable stayed.
          for (const id of known) if (!present.has(id)) known.delete(id);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lets the groups of the safe read a name that another account has now, at every step', () => {
    const target = emptyTarget();
    pass(target, oneSafe(account('1', 'a', { password: 'of 1' }), account('2', 'b', { password: 'of 2' })));
    const source = oneSafe(account('2', 'a', { password: 'of 2' }), account('1', 'b', { password: 'of 1' }));
    const plan = planFor(target, { layout, source, removal: removing, wholeVault: true });
    assert.deepEqual(
      plan.reports.map(({ code }) => code),
      ['renamed', 'name_reused', 'renamed', 'name_reused'],
    );
    carryOut(target, layout, plan, 'repair', {
      onStep: () => {
        for (const path of ['a/password', 'b/password']) {
          assert.equal(target.values.has(`corp/l/s/${path}`), true);
          assert.equal(stateOf(target, layout).variables.get(`corp/l/s/${path}`)?.permitted, true);
        }
      },
    });
    assert.deepEqual(
      ['a', 'b'].map((name) => target.values.get(`corp/l/s/${name}/password`)),
      ['of 2', 'of 1'],
    );
  });

  it('counts a name that another account has now as a removal', () => {
    const target = emptyTarget();
    pass(target, oneSafe(account('1', 'a'), account('2', 'b')));
    letIn(target, 'a/password', 'app');
    const source = oneSafe(account('2', 'a'), account('1', 'b'));
    const removal: RemovalRules = { policy: 'retain', most: 1, mostPercent: 100 };
    assert.deepEqual(planFor(target, { layout, source, removal, wholeVault: true }).stopped, {
      removals: 2,
      allowed: 1,
      identifiers: ['corp/l/s/a/password', 'corp/l/s/b/password'],
    });
  });

  it('carries what was permitted under a name in between back to the name before', () => {
    const target = emptyTarget();
    const retaining: RemovalRules = { policy: 'retain', ...anyNumber };
    pass(target, oneSafe(account('1', 'a')), retaining);
    pass(target, oneSafe(account('1', 'b')), retaining);
    letIn(target, 'b/password', 'app');
    pass(target, oneSafe(account('1', 'a')), retaining);
    assert.deepEqual(appsOf(target, 'a/password'), ['app']);
    target.db = loaded(
      target.db,
      'modify',
      '- !deny {role: !host /app, privileges: [read, execute], resource: !variable a/password}',
      'corp/l/s',
    );
    pass(target, oneSafe(account('1', 'a')), retaining);
    assert.deepEqual(appsOf(target, 'a/password'), []); // what is taken away later stays taken away
  });

  it('gives the groups of a safe back what somebody took away, or only tells', () => {
    const target = emptyTarget();
    const source = oneSafe(account('1', 'a'), account('2', 'b'));
    pass(target, source);
    const before = [...target.db.permissions.keys()].sort();
    const taken =
      '- !deny {role: !group delegation/consumers, privileges: [execute], resource: !variable a/password}';
    target.db = loaded(target.db, 'modify', taken, 'corp/l/s');
    const input = { layout, source, removal: removing, wholeVault: true };
    const told = planFor(target, { ...input, drift: 'report' });
    assert.deepEqual(
      [told.safes, told.reports],
      [[], [{ code: 'permits_lost', identifier: 'corp/l/s/a/password', mended: false }]],
    );
    const { plan } = pass(target, source);
    assert.deepEqual(plan.reports, [
      { code: 'permits_lost', identifier: 'corp/l/s/a/password', mended: true },
    ]);
    assert.deepEqual([...target.db.permissions.keys()].sort(), before);
  });

  it('carries over what roles below delegation were permitted, and what consumers were beyond the usual', () => {
    const target = emptyTarget();
    pass(target, oneSafe(account('1', 'a'), account('2', 'b')));
    const text = [
      '- !group delegation/auditors',
      '- !permit {role: !group delegation/auditors, privileges: [read, execute], resource: !variable a/password}',
      '- !permit {role: !group delegation/consumers, privileges: [update], resource: !variable a/password}',
    ].join('\n');
    target.db = loaded(target.db, 'append', text, 'corp/l/s');
    pass(target, oneSafe(account('1', 'z'), account('2', 'b')));
    assert.deepEqual(
      stateOf(target, layout)
        .variables.get('corp/l/s/z/password')
        ?.foreignPermits.map(
          ({ role, privilege }) => `${role.slice('a:group:corp/l/s/'.length)} ${privilege}`,
        )
        .sort(),
      ['delegation/auditors execute', 'delegation/auditors read', 'delegation/consumers update'],
    );
  });

  it('reports accounts of one name and writes neither, also what it had written of them before', () => {
    const target = emptyTarget();
    pass(target, oneSafe(account('1_1', 'db', { password: 'x' }), account('1_3', 'web')));
    const { plan, written } = pass(
      target,
      oneSafe(
        account('1_1', 'db', { password: 'y' }),
        account('1_2', 'db', { password: 'z' }),
        account('1_3', 'web'),
      ),
    );
    assert.deepEqual(plan.reports, [
      { code: 'name_shared', branch: 'corp/l/s', name: 'db', accounts: ['1_1', '1_2'] },
    ]);
    assert.deepEqual([written, target.values.get('corp/l/s/db/password')], [[], 'x']);
  });

  it('keeps the name before of an account whose new name is shared', () => {
    const target = emptyTarget();
    pass(target, oneSafe(account('1_1', 'old')));
    pass(target, oneSafe(account('1_1', 'web'), account('1_2', 'web')));
    assert.deepEqual([...target.values.keys()], ['corp/l/s/old/password']);
  });

  it('removes nothing of a safe while one account could be any, and carries the others over', () => {
    const target = emptyTarget();
    pass(target, oneSafe(account('1_1', 'db'), account('1_2', 'web')));
    const hidden = { ...account('s/moved', 'moved', {}), fault: 'it cannot be read.' };
    const { plan, written } = pass(target, oneSafe(hidden, account('1_2', 'web', { password: 'y' })));
    assert.deepEqual(plan.reports, [
      { code: 'account_unread', branch: 'corp/l/s', account: 'moved', fault: 'it cannot be read.' },
      {
        code: 'removal_withheld',
        branch: 'corp/l/s',
        because: 'account_unread',
        kept: 1,
        identifiers: ['corp/l/s/db/password'],
      },
    ]);
    const kept = planFor(target, {
      layout,
      source: oneSafe(hidden, account('1_2', 'web')),
      removal: { policy: 'retain', ...anyNumber },
      wholeVault: true,
    });
    assert.deepEqual(
      kept.reports.map(({ code }) => code),
      ['account_unread'],
      'nothing would have been removed',
    );
    assert.deepEqual(written, ['corp/l/s/web/password']);
    assert.deepEqual([...target.values.keys()], ['corp/l/s/db/password', 'corp/l/s/web/password']);
    pass(target, oneSafe(account('1_2', 'web')));
    assert.deepEqual([...target.values.keys()], ['corp/l/s/web/password']);
  });

  it('reports a name that an id has no room for', () => {
    const { plan, written } = pass(
      emptyTarget(),
      oneSafe(account('1_1', ':'.repeat(300)), account('1_2', 'web')),
    );
    assert.deepEqual(
      plan.reports.map(({ code }) => code),
      ['name_too_long'],
    );
    assert.deepEqual(written, ['corp/l/s/web/password']);
  });

  it('leaves a branch alone that somebody else made', () => {
    const target = emptyTarget();
    target.db = loaded(target.db, 'append', '- !policy {id: corp, body: [!policy l, !policy l/s]}');
    const { plan, written } = pass(target, oneSafe(account('1_1', 'db')));
    assert.deepEqual([plan.reports, written], [[{ code: 'branch_foreign', branch: 'corp/l/s' }], []]);
  });

  it('gives an account that is back what was taken away', () => {
    const target = emptyTarget();
    pass(target, oneSafe(account('1_1', 'db'), account('1_2', 'web')));
    const before = [...target.db.permissions.keys()].sort();
    pass(target, oneSafe(account('1_2', 'web')), { policy: 'disable', ...anyNumber });
    assert.equal(target.db.permissions.size, before.length - 3);
    pass(target, oneSafe(account('1_1', 'db'), account('1_2', 'web')), { policy: 'disable', ...anyNumber });
    assert.deepEqual([...target.db.permissions.keys()].sort(), before);
  });

  it('passes over an account of the same revision, unless its variables are not there', () => {
    const target = emptyTarget();
    const one = { ...account('1_1', 'db'), revision: 'r1' };
    const source = oneSafe(one);
    const known = { safe: 's', name: 'db', revision: 'r1', properties: ['password'] };
    const input = { layout, source, removal: removing, wholeVault: true };
    pass(target, source);
    const unchanged = (): number => {
      const plan = planFor(target, {
        ...input,
        known: (key) => (key === accountKey('l', '1_1') ? known : null),
      });
      return plan.unchanged;
    };
    assert.equal(unchanged(), 1);
    target.db = loaded(target.db, 'modify', '- !delete {record: !variable db/password}', 'corp/l/s');
    assert.equal(unchanged(), 0);
  });

  it('makes nothing for a safe none of whose accounts can be written, nor for a line of business of such', () => {
    const safe = (name: string) => ({ name, accounts: { ok: true, value: [account('1', 'db')] } }) as const;
    const long = '!'.repeat(400);
    const source = [
      { name: 'l', safes: { ok: true, value: [safe(long), safe('web')] } },
      { name: 'm', safes: { ok: true, value: [safe(long)] } },
    ] as const;
    const { plan, written } = pass(emptyTarget(), source);
    assert.deepEqual(plan.skeleton, { vault: true, lobs: ['l'], safes: [{ lob: 'l', safe: 'web' }] });
    assert.deepEqual(
      [plan.reports.map(({ code }) => code), written],
      [['name_too_long', 'name_too_long'], ['corp/l/web/db/password']],
    );
  });

  it('makes the branch of a safe whole again from which an account is gone, whatever becomes of the others', () => {
    const target = emptyTarget();
    pass(target, oneSafe(account('1', 'db'), account('2', 'web')));
    target.db = loaded(target.db, 'modify', '- !delete {record: !group s/delegation/viewers}', 'corp/l');
    const { plan } = pass(target, oneSafe(account('2', 'web', {})), { policy: 'disable', ...anyNumber });
    assert.deepEqual(plan.skeleton.safes, [{ lob: 'l', safe: 's' }]);
    assert.equal(plan.safes[0]?.disable.length, 1);
  });

  it('mends what somebody else wrote, or only tells', () => {
    const target = emptyTarget();
    const source = oneSafe(account('1_1', 'db'));
    pass(target, source);
    target.values.set('corp/l/s/db/password', 'by hand');
    const plan = planFor(target, { layout, source, removal: removing, wholeVault: true });
    assert.deepEqual(carryOut(target, layout, plan, 'report').drifted, ['corp/l/s/db/password']);
    assert.equal(target.values.get('corp/l/s/db/password'), 'by hand');
    carryOut(target, layout, plan, 'repair');
    assert.equal(target.values.get('corp/l/s/db/password'), 'x');
  });
});

/** Whether the safe of a variable was read, and was not empty. */
function isRead(source: readonly SourceLob<ModelAccount>[], identifier: string): boolean {
  return source.some(
    (lob) =>
      lob.safes.ok &&
      lob.safes.value.some(
        (safe) =>
          safe.accounts.ok &&
          safe.accounts.value.length > 0 &&
          identifier.startsWith(`${safeBranch(layout, lob.name, safe.name)}/`),
      ),
  );
}
