import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadPolicy } from '../../client/policies.ts';
import { showResource } from '../../client/resources.ts';
import { writeSecret } from '../../client/secrets.ts';
import type { ConjurClient } from '../../client/client.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { soleAuthority } from '../authority.ts';
import type { Source } from '../source/source.ts';
import { change, heldAccount, type PassLab, startPassLab } from '../testing/pass-lab.ts';
import type { PassOutcome } from './outcome.ts';

function many(count: number, prefix: string) {
  return Array.from({ length: count }, (_, at) => heldAccount(`${prefix}_${at}`, `n${at}`));
}

describe('a pass in which something fails', { timeout: 180_000 }, () => {
  const listening = listeningServer();

  const retrievedBy = async (lab: PassLab, pass: () => Promise<PassOutcome>) => {
    const asked = lab.pam.asked.length;
    const outcome = await pass();
    const count = lab.pam.asked.slice(asked).filter((line) => line.endsWith('/Retrieve')).length;
    return { outcome, count };
  };
  const load = async (lab: PassLab, text: string, below = '/l/web'): Promise<void> => {
    await loadPolicy(lab.client, { branch: `${lab.vault}${below}`, mode: 'update', text });
  };
  const rotatedIn = async (lab: PassLab, safe: string): Promise<number> => {
    const values = await lab.values(...lab.safe(safe).map(({ name }) => `l/${safe}/${name}/password`));
    return values.filter((value) => value?.startsWith('new') === true).length;
  };

  it('tries one account that fails again, and does not compare everything because of it', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [...many(5, '1'), heldAccount('1_9', 'none', { password: '' })],
    });
    assert.equal((await lab.pass()).mode, 'full');
    for (let at = 0; at < 2; at += 1) {
      const { outcome, count } = await retrievedBy(lab, () => lab.pass());
      assert.deepEqual([outcome.mode, outcome.unchanged, count, outcome.failures.length], ['quick', 5, 1, 1]);
    }
  });

  it('says of a branch that the server does not find that it may be there, and unseen', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(1, '1') });
    const layout = { ...lab.layout, base: `${lab.vault}-nowhere` };
    const outcome = await lab.pass({}, { layout }).catch((error: unknown) => error);
    const said = isProblem(outcome) ? outcome.detail : JSON.stringify(outcome);
    assert.match(said, /It may be there, and may not be seen or written.*holdfast sync init --config/u);
  });

  it('leaves what was not read due for its check, and only that', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(3, '1'), ops: many(3, '2') });
    await lab.pass();
    for (const safe of ['web', 'ops'])
      await writeSecret(lab.client, `${lab.vault}/l/${safe}/n0/password`, byHand);
    const later = Date.now() + 4_000_000;
    lab.pam.misbehaviour = { kind: 'fails', path: /Safes$/u, times: 1000 };
    await lab.pass({}, { wallClock: () => later });
    lab.pam.misbehaviour = null;
    const half = await lab.pass({ safe: 'ops' }, { wallClock: () => later + 1000 });
    assert.deepEqual([half.mode, half.mended.length], ['full', 1]);
    const { outcome, count } = await retrievedBy(lab, () => lab.pass({}, { wallClock: () => later + 2000 }));
    assert.deepEqual([outcome.mode, outcome.mended, count], ['quick', [`${lab.vault}/l/web/n0/password`], 3]);
    assert.equal((await retrievedBy(lab, () => lab.pass({}, { wallClock: () => later + 3000 }))).count, 0);
  });

  it('gives a safe up that cannot be retrieved, and goes on with the others', async (t) => {
    const lab = await startPassLab(t, listening, { bad: many(150, '1'), good: many(60, '2') });
    await lab.pass();
    for (const safe of ['bad', 'good'])
      for (const account of lab.safe(safe)) change(account, `new ${account.id}`);
    lab.pam.misbehaviour = { kind: 'fails', path: /1_\d+\/Password\/Retrieve$/u, times: 1_000_000 };
    const { outcome, count } = await retrievedBy(lab, () => lab.pass());
    assert.equal(await rotatedIn(lab, 'good'), 60);
    const ofSafe = outcome.failures.filter(({ account }) => account === null);
    assert.deepEqual(ofSafe.length, 1);
    assert.match(
      ofSafe[0]?.fault ?? '',
      /not asked for 1[34]\d more accounts: 10 accounts failed one after the other .*failed \(500\)/u,
    );
    assert.ok(count < 60 + 20 * 3, String(count)); // each is tried three times
    lab.pam.misbehaviour = null;
    assert.deepEqual((await lab.pass()).failures, []);
    assert.equal(await rotatedIn(lab, 'bad'), 150);
  });

  it('gives a line of business up after three safes, or when it lets us in no more', async (t) => {
    const lab = await startPassLab(t, listening, {
      s1: many(12, '1'),
      s2: many(12, '2'),
      s3: many(12, '3'),
      s4: many(12, '4'),
    });
    lab.pam.misbehaviour = { kind: 'fails', path: /Retrieve$/u, times: 1_000_000 };
    const { outcome, count } = await retrievedBy(lab, () => lab.pass({}, { concurrency: 1 }));
    assert.deepEqual(
      outcome.failures.filter(({ account }) => account === null).map(({ branch }) => branch.at(-1)),
      ['1', '2', '3', '4'],
    );
    assert.equal(count, 3 * 10 * 3);
    lab.pam.misbehaviour = null;
    await lab.pass();
    for (const account of lab.safe('s1')) change(account, 'new');
    const refused = await lab.pass({}, { concurrency: 1, source: refusing(lab) });
    assert.deepEqual(
      refused.failures.map(({ account, fault }) => [
        account,
        /11 more accounts: wrong password/u.test(fault),
      ]),
      [
        ['n0', false],
        [null, true],
      ],
    );
  });

  it('tells what it had done when the target ends a pass', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(20, '1') });
    let writes = 0;
    const host: ConjurClient = {
      ...lab.host,
      send: async (request) => {
        if (request.path.includes('/secrets/') && request.method === 'POST') writes += 1;
        if (writes > 10) throw new Problem('peer_unreachable', 'nobody is there.');
        return lab.host.send(request);
      },
    };
    const unfinished: PassOutcome[] = [];
    await assert.rejects(
      lab.pass(
        { onUnfinished: (outcome) => unfinished.push(outcome) },
        { client: host, authority: soleAuthority(host), concurrency: 1 },
      ),
      (error) => isProblem(error, 'peer_unreachable'),
    );
    assert.deepEqual(
      unfinished.map(({ accounts, created, written }) => [accounts, created.length, written.length]),
      [[20, 20, 10]],
    );
  });

  it('makes a group again that was deleted, with what it was permitted, and writes values meanwhile', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(3, '1') });
    await lab.pass();
    await load(lab, '- !delete {record: !group delegation/viewers}');
    change(lab.safe('web')[0], 'new one');
    lab.safe('web').push(heldAccount('1_9', 'fresh'));
    const pass = await lab.pass();
    assert.deepEqual([pass.mode, pass.failures], ['quick', []]);
    assert.deepEqual(await lab.values('l/web/n0/password', 'l/web/fresh/password'), [
      'new one',
      'secret 1_9',
    ]);
    for (const name of ['n0', 'n1', 'fresh']) {
      const { permissions } = await showResource(lab.client, {
        kind: 'variable',
        identifier: `${lab.vault}/l/web/${name}/password`,
      });
      assert.match(JSON.stringify(permissions), /delegation\/viewers/u, name);
    }
  });

  it('brings everything of a safe back that was deleted, as soon as something in it changes', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(2, '1'), ops: many(1, '2') });
    await lab.pass();
    await load(lab, '- !delete {record: !policy web}', '/l');
    lab.safe('web').push(heldAccount('1_9', 'fresh'));
    const pass = await lab.pass();
    assert.deepEqual([pass.mode, pass.failures, pass.unchanged], ['quick', [], 1]);
    assert.deepEqual(await lab.values('l/web/n0/password', 'l/web/n1/password', 'l/web/fresh/password'), [
      'secret 1_0',
      'secret 1_1',
      'secret 1_9',
    ]);
  });

  it('writes the values of variables that exist where a policy is refused, and looks at the safe again', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(3, '1') });
    await lab.pass();
    for (const account of lab.safe('web')) change(account, `new ${account.id}`);
    const [, , third] = lab.safe('web');
    if (third !== undefined) third.userName = 'me'; // a property more: its password must not wait for it
    lab.safe('web').push(heldAccount('1_9', 'fresh'));
    const host: ConjurClient = {
      ...lab.host,
      send: async (request) => {
        if (request.path.includes('/policies/')) throw new Problem('api_invalid', 'the policy is refused.');
        return lab.host.send(request);
      },
    };
    const pass = await lab.pass({}, { client: host, authority: soleAuthority(host) });
    assert.equal(await rotatedIn(lab, 'web'), 3);
    assert.deepEqual(pass.failures.map(({ account }) => account ?? 'the safe').sort(), [
      'fresh',
      'n2',
      'the safe',
    ]);
    const { outcome } = await retrievedBy(lab, () => lab.pass());
    assert.deepEqual([outcome.failures, outcome.written.length], [[], 2]);
  });

  it('removes what is gone although another account of the safe fails, but not what that had before', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(4, '1') });
    await lab.pass();
    const [, renamed, rotated] = lab.safe('web');
    if (renamed !== undefined) renamed.name = 'other';
    change(rotated, 'new');
    lab.safe('web').splice(0, 1);
    const path = /1_[12]\/Password\/Retrieve$/u;
    lab.pam.misbehaviour = { kind: 'fails', path, times: 1_000_000 };
    assert.deepEqual((await lab.pass()).removed, [], 'a source that fails may be wrong about more');
    lab.pam.misbehaviour = { kind: 'fails', path, times: 1_000_000, status: 403 };
    const pass = await lab.pass();
    assert.deepEqual([pass.removed, pass.failures.length], [[`${lab.vault}/l/web/n0/password`], 2]);
    assert.deepEqual(await lab.values('l/web/n1/password', 'l/web/n0/password'), ['secret 1_1', null]);
    lab.pam.misbehaviour = null;
    assert.deepEqual((await lab.pass()).removed, [`${lab.vault}/l/web/n1/password`]);
  });

  it('fails one account alone whose variable it may not read', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(6, '1') });
    await lab.pass();
    const id = `${lab.vault}/l/web/n3/password`;
    const host: ConjurClient = {
      ...lab.host,
      send: async (request) => {
        if (request.path.startsWith('/secrets?') && request.path.includes('n3%2Fpassword'))
          throw new Problem('api_forbidden', `Cannot read ${id}: not permitted (403).`);
        return lab.host.send(request);
      },
    };
    const pass = await lab.pass({ full: true }, { client: host, authority: soleAuthority(host) });
    assert.deepEqual(
      pass.failures.map(({ account }) => account),
      ['n3'],
    );
  });

  it('compares what the server answers only a few at a time', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(30, '1') });
    await lab.pass();
    await writeSecret(lab.client, `${lab.vault}/l/web/n7/password`, byHand);
    const host: ConjurClient = {
      ...lab.host,
      send: async (request) => {
        if (request.path.startsWith('/secrets?') && request.path.split('%2C').length > 10)
          throw new Problem('api_invalid', 'the values are more than 32 MiB together (422).');
        return lab.host.send(request);
      },
    };
    const pass = await lab.pass({ full: true }, { client: host, authority: soleAuthority(host) });
    assert.deepEqual([pass.failures, pass.mended], [[], [`${lab.vault}/l/web/n7/password`]]);
  });

  it('says of a line of business, from the first pass on, that nothing can be seen of it', async (t) => {
    for (const safes of [{}, { web: [], ops: [] }]) {
      const lab = await startPassLab(t, listening, safes);
      for (let at = 0; at < 2; at += 1)
        assert.deepEqual((await lab.pass()).reports, [
          { code: 'source_empty', lob: 'l', safe: null, kept: 0 },
        ]);
    }
    const lab = await startPassLab(t, listening, { web: many(1, '1'), ops: [] });
    assert.deepEqual((await lab.pass()).reports, [], 'an empty safe among others may be empty');
    const unread = await startPassLab(t, listening, { web: [] });
    unread.pam.misbehaviour = { kind: 'fails', path: /Accounts$/u, times: 1000 };
    assert.deepEqual(
      (await unread.pass()).reports.map(({ code }) => code),
      ['source_failed'],
    );
  });

  it('says that no safe is called like that', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(1, '1') });
    await lab.pass();
    await assert.rejects(
      lab.pass({ safe: 'wbe' }),
      (error) => isProblem(error, 'source_missing') && /"wbe"/u.test(error.detail),
    );
    lab.pam.misbehaviour = { kind: 'fails', path: /Safes$/u, times: 1000 };
    assert.deepEqual(
      (await lab.pass({ safe: 'wbe' })).reports.map(({ code }) => code),
      ['source_failed'],
    );
  });
});

const byHand = new Secret(new TextEncoder().encode('by hand'));

/** The accounts of the first safe of a lab as it lists them, in a vault that refuses our password from then on. */
function refusing(lab: PassLab): Source {
  const accounts = lab.safe('s1').map(({ id, name }) => ({
    id,
    name,
    properties: ['password'],
    revision: null,
    read: async () => {
      throw new Problem('source_unauthenticated', 'wrong password.');
    },
  }));
  const safes = {
    ok: true as const,
    value: [{ name: 's1', accounts: { ok: true as const, value: accounts } }],
  };
  return { list: async () => [{ name: 'l', safes }], close: async () => undefined };
}
