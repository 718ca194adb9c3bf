import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ConjurClient } from '../../client/client.ts';
import { loadPolicy } from '../../client/policies.ts';
import { type ApiRecord, showResource } from '../../client/resources.ts';
import { writeSecret } from '../../client/secrets.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { recordOf } from '../../client/refusal.ts';
import { soleAuthority } from '../authority.ts';
import { openStateFile } from '../state/state-file.ts';
import { dyingBehind } from '../testing/dying-client.ts';
import { change, heldAccount, type PassLab, startPassLab } from '../testing/pass-lab.ts';
import { appsOn, letIn } from '../testing/single-roles.ts';

function bytes(text: string): Secret<Uint8Array<ArrayBuffer>> {
  return new Secret(new TextEncoder().encode(text));
}

describe('a pass, and what is not its own', { timeout: 120_000 }, () => {
  const listening = listeningServer();
  let apps = 0;

  const load = async (lab: PassLab, mode: 'load' | 'update', text: string, below = '/l/web') =>
    loadPolicy(lab.client, { branch: `${lab.vault}${below}`, mode, text });
  /** Something foreign with a value, made by somebody who owns it alone. */
  const putForeign = async (lab: PassLab, path: string): Promise<void> => {
    apps += 1;
    await listening.server.load(`- !user owner-${apps}`);
    await load(lab, 'load', `- !variable {id: ${path}, owner: !user /owner-${apps}}`);
    await writeSecret(lab.client, `${lab.vault}/l/web/${path}`, bytes('theirs'));
  };
  const recordOfVariable = (lab: PassLab, path: string): Promise<ApiRecord> =>
    showResource(lab.client, { kind: 'variable', identifier: `${lab.vault}/${path}` });
  const foreign = (lab: PassLab, path: string) => [
    { code: 'variable_foreign', identifier: `${lab.vault}/l/web/${path}` },
  ];

  it('does not write into a variable that somebody made in place of ours since the last pass', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db'), heldAccount('1_2', 'api')],
    });
    await lab.pass();
    await load(lab, 'update', '- !delete {record: !variable db/password}');
    await load(lab, 'load', '- !variable db/password');
    await writeSecret(lab.client, `${lab.vault}/l/web/db/password`, bytes('theirs'));
    change(lab.safe('web')[0], 'rotated');
    const first = await lab.pass();
    assert.deepEqual([first.mode, first.written, first.reports], ['quick', [], foreign(lab, 'db/password')]);
    assert.deepEqual((await lab.pass()).reports, foreign(lab, 'db/password'));
    assert.deepEqual((await lab.pass({ full: true })).reports, foreign(lab, 'db/password'));
    assert.deepEqual(await lab.values('l/web/db/password'), ['theirs']);
  });

  for (const knowsTrials of [true, false]) {
    const which = knowsTrials ? 'a server that tries policies' : 'a server that is older than trials';
    it(`takes over nothing that it may not see, on ${which}`, async (t) => {
      const lab = await startPassLab(t, listening, { web: [heldAccount('1_1', 'db')] });
      const client = knowsTrials ? lab.host : older(lab.host);
      const settings = { client, authority: soleAuthority(client) };
      await lab.pass({}, settings);
      await putForeign(lab, 'api/password');
      const untouched = await recordOfVariable(lab, 'l/web/api/password');
      lab.safe('web').push(heldAccount('1_2', 'api'), heldAccount('1_3', 'new'));
      for (const full of [false, true, false]) {
        const pass = await lab.pass({ full }, settings);
        assert.deepEqual([pass.reports, pass.failures], [foreign(lab, 'api/password'), []]);
      }
      assert.deepEqual(await recordOfVariable(lab, 'l/web/api/password'), untouched);
      assert.deepEqual(await lab.values('l/web/api/password', 'l/web/new/password'), [
        'theirs',
        'secret 1_3',
      ]);
    });
  }

  it('calls nothing foreign that a page of the target has missed, and writes it when it was seen', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db'), heldAccount('1_2', 'api')],
    });
    await lab.pass();
    change(lab.safe('web')[0], 'rotated');
    const missing = withoutRow(lab.host, '/l/web/db/password');
    const missed = await lab.pass({ full: true }, { client: missing, authority: soleAuthority(missing) });
    assert.deepEqual(
      [missed.mode, missed.reports, missed.failures.map(({ account }) => account)],
      ['full', [], ['db']],
    );
    const quick = await lab.pass();
    assert.deepEqual([quick.mode, quick.reports, quick.failures], ['quick', [], []]);
    assert.deepEqual(await lab.values('l/web/db/password'), ['rotated']);
    assert.equal((await lab.pass()).unchanged, 2);
  });

  it('looks again at what it called foreign and could not see', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db'), heldAccount('1_2', 'api')],
    });
    await lab.pass();
    change(lab.safe('web')[0], 'rotated');
    const missing = withoutRow(lab.host, '/l/web/db/password');
    const blind: ConjurClient = {
      ...missing,
      send: async (request) => {
        if (request.method !== 'GET' || !request.path.endsWith('db%2Fpassword')) return missing.send(request);
        throw new Problem('api_missing', 'it may not be seen (404).');
      },
    };
    const pass = await lab.pass({ full: true }, { client: blind, authority: soleAuthority(blind) });
    assert.deepEqual([pass.reports, pass.failures], [foreign(lab, 'db/password'), []]);
    assert.deepEqual((await lab.pass()).written, [`${lab.vault}/l/web/db/password`]);
    assert.deepEqual([(await lab.pass()).unchanged, await lab.differences()], [2, []]);
  });

  it('makes no safe of a policy, and lets in no group, that it may not see', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db')],
      ops: [heldAccount('2_1', 'sa')],
      dev: [heldAccount('3_1', 'me')],
    });
    apps += 1;
    await listening.server.load(`- !user owner-${apps}`);
    await load(lab, 'load', '- !policy l', '');
    const owner = `owner: !user /owner-${apps}`;
    await load(
      lab,
      'load',
      `- !policy {id: web, ${owner}}\n- !group {id: ops/delegation/consumers, ${owner}}`,
      '/l',
    );
    const pass = await lab.pass();
    assert.deepEqual(
      pass.reports.map((report) => `${report.code} ${'branch' in report ? report.branch : ''}`).sort(),
      ['ops', 'web'].map((safe) => `branch_foreign ${lab.vault}/l/${safe}`),
    );
    assert.deepEqual(await lab.values('l/dev/me/password', 'l/web/db/password', 'l/ops/sa/password'), [
      'secret 3_1',
      null,
      null,
    ]);
    const { annotations } = await showResource(lab.client, {
      kind: 'policy',
      identifier: `${lab.vault}/l/web`,
    });
    assert.deepEqual(annotations, []);
  });

  it('removes nothing that is not ours any more', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'db'), heldAccount('1_2', 'api')],
    });
    await lab.pass();
    lab.safe('web').splice(0, 1);
    // In the middle of the pass, after the target was read whole.
    let changed = false;
    const host: ConjurClient = {
      ...lab.host,
      send: async (request) => {
        if (!changed && request.path.includes('/resources/') && request.path.includes('db%2Fpassword')) {
          changed = true;
          await load(lab, 'update', '- !delete {record: !variable db/password}');
          await load(lab, 'load', '- !variable db/password');
        }
        return lab.host.send(request);
      },
    };
    const pass = await lab.pass({ full: true }, { client: host, authority: soleAuthority(host) });
    assert.deepEqual([changed, pass.removed, pass.reports], [true, [], foreign(lab, 'db/password')]);
    await recordOfVariable(lab, 'l/web/db/password');
  });

  it('lets whoever was let in to an account in to that account alone, when names change hands', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: ['a', 'b', 'c', 'd'].map((name, at) => heldAccount(`1_${at}`, name)),
    });
    await lab.pass();
    const [ofA, ofB, ofC, ofD] = [
      await letIn(lab, 'a/password'),
      await letIn(lab, 'b/password'),
      await letIn(lab, 'c/password'),
      await letIn(lab, 'd/password'),
    ];
    const [a, b, c] = lab.safe('web');
    if (a !== undefined && b !== undefined && c !== undefined) [a.name, b.name, c.name] = ['b', 'a', 'd'];
    lab.safe('web').splice(3, 1); // d is gone, and c has its name
    const pass = await lab.pass();
    assert.deepEqual([pass.mode, pass.failures], ['quick', []]);
    assert.deepEqual(pass.reports.map(({ code }) => code).sort(), [
      ...Array.from({ length: 3 }, () => 'name_reused'),
      ...Array.from({ length: 3 }, () => 'renamed'),
    ]);
    assert.deepEqual(
      await lab.values('l/web/a/password', 'l/web/b/password', 'l/web/d/password', 'l/web/c/password'),
      ['secret 1_1', 'secret 1_0', 'secret 1_2', null],
    );
    assert.deepEqual(
      [await appsOn(lab, 'a/password'), await appsOn(lab, 'b/password'), await appsOn(lab, 'd/password')],
      [[ofB], [ofA], [ofC]],
    );
    assert.ok(ofD !== ofC);
    const second = `/secrets/${listening.server.account}/variable/${encodeURIComponent(`${lab.vault}/l/web/b/password`)}?version=2`;
    assert.equal((await listening.server.asAdmin({ method: 'GET', url: second })).statusCode, 404);
    assert.deepEqual((await lab.pass({ full: true })).written, []);
  });

  it('takes no value away before the next one can be had', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_0', 'a'), heldAccount('1_1', 'b'), heldAccount('1_2', 'c')],
    });
    await lab.pass();
    const [ofA, ofB] = [await letIn(lab, 'a/password'), await letIn(lab, 'b/password')];
    const [a, b] = lab.safe('web');
    if (a !== undefined && b !== undefined) [a.name, b.name] = ['b', 'a'];
    lab.pam.misbehaviour = { kind: 'fails', path: /1_1\/Password\/Retrieve$/u, times: 1_000_000 };
    const held = await lab.pass();
    assert.equal(held.failures.length, 2);
    assert.deepEqual(await lab.values('l/web/a/password', 'l/web/b/password'), ['secret 1_0', 'secret 1_1']);
    assert.deepEqual([await appsOn(lab, 'a/password'), await appsOn(lab, 'b/password')], [[ofA], [ofB]]);
    lab.pam.misbehaviour = null;
    assert.deepEqual((await lab.pass()).failures, []);
    assert.deepEqual(await lab.values('l/web/a/password', 'l/web/b/password'), ['secret 1_1', 'secret 1_0']);
    assert.deepEqual([await appsOn(lab, 'a/password'), await appsOn(lab, 'b/password')], [[ofB], [ofA]]);
  });

  // Four loads: who is let in is kept elsewhere, what is there is deleted, made anew, and what was kept is deleted.
  for (const lastLoad of [1, 2, 3, 4]) {
    for (const successor of ['the same', 'another'] as const) {
      it(`keeps who is let in when it dies behind load ${lastLoad} of a name that changes hands, and ${successor} goes on`, async (t) => {
        const lab = await startPassLab(t, listening, {
          web: [heldAccount('1_0', 'a'), heldAccount('1_1', 'b'), heldAccount('1_2', 'c')],
        });
        await lab.pass();
        const [ofA, ofB] = [await letIn(lab, 'a/password'), await letIn(lab, 'b/password')];
        const [a, b] = lab.safe('web');
        if (a !== undefined && b !== undefined) [a.name, b.name] = ['b', 'a'];
        const dying = dyingBehind(lab.host, lastLoad);
        await assert.rejects(lab.pass({}, { client: dying, authority: soleAuthority(dying) }), /killed/u);
        const stateFile = await openStateFile(join(lab.directory, 'other'), `${listening.url} ${lab.vault}`);
        const { failures } = await lab.pass({}, successor === 'another' ? { stateFile } : {});
        assert.deepEqual(failures, []);
        assert.deepEqual([await appsOn(lab, 'a/password'), await appsOn(lab, 'b/password')], [[ofB], [ofA]]);
        assert.deepEqual(await lab.differences(), []);
      });
    }
  }

  it('deletes nothing where somebody else’s is in the place in which who is let in would be kept', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_0', 'a'), heldAccount('1_1', 'b'), heldAccount('1_2', 'c')],
    });
    await lab.pass();
    const [ofA, ofB] = [await letIn(lab, 'a/password'), await letIn(lab, 'b/password')];
    await putForeign(lab, '~.b/password');
    const [a, b] = lab.safe('web');
    if (a !== undefined && b !== undefined) [a.name, b.name] = ['b', 'a'];
    assert.deepEqual((await lab.pass()).reports.at(-1), foreign(lab, '~.b/password')[0]);
    assert.deepEqual(await lab.values('l/web/a/password', 'l/web/b/password'), ['secret 1_0', 'secret 1_1']);
    assert.deepEqual([await appsOn(lab, 'a/password'), await appsOn(lab, 'b/password')], [[ofA], [ofB]]);
    assert.deepEqual(await lab.values('l/web/~.b/password'), ['theirs']);
  });

  it('closes what is disabled for another account, and leaves it open for the same', async (t) => {
    const disabling = { removal: { policy: 'disable', most: 100, mostPercent: 100 } } as const;
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'a'), heldAccount('1_2', 'b'), heldAccount('1_3', 'c')],
    });
    await lab.pass({}, disabling);
    const ofA = await letIn(lab, 'a/password');
    await letIn(lab, 'b/password');
    const [a] = lab.safe('web').splice(0, 2);
    await lab.pass({}, disabling);
    lab.safe('web').push(...(a === undefined ? [] : [a]), heldAccount('1_7', 'b'));
    const pass = await lab.pass({}, disabling);
    assert.deepEqual(pass.failures, []);
    assert.deepEqual([await appsOn(lab, 'a/password'), await appsOn(lab, 'b/password')], [[ofA], []]);
    assert.deepEqual(await lab.values('l/web/b/password'), ['secret 1_7']);
    assert.deepEqual((await lab.pass({ full: true }, disabling)).reports, []);
  });
});

/** The same server, if it said that it is a Conjur from before trials of policies. */
function older(client: ConjurClient): ConjurClient {
  return {
    ...client,
    send: async (request) => {
      const answer = await client.send(request);
      assert.ok(!request.path.includes('dryRun'), 'it was asked for a trial');
      if (request.path !== '/') return answer;
      return { ...answer, bytes: new TextEncoder().encode('{"version": "1.20.0"}') };
    },
  };
}

/** A server whose lists of variables lack one. */
function withoutRow(client: ConjurClient, end: string): ConjurClient {
  return {
    ...client,
    send: async (request) => {
      const answer = await client.send(request);
      if (request.method !== 'GET' || !/^\/resources\/[^/?]+\?.*kind=variable/u.test(request.path))
        return answer;
      const rows: unknown = JSON.parse(new TextDecoder().decode(answer.bytes));
      const kept = (Array.isArray(rows) ? rows : []).filter(
        (row) => !String(recordOf(row)?.['id']).endsWith(end),
      );
      return { ...answer, bytes: new TextEncoder().encode(JSON.stringify(kept)) };
    },
  };
}
