import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConjurClient } from '../../client/client.ts';
import { Problem } from '../../core/problem.ts';
import { needsAttention } from '../../core/sync/attention.ts';
import type { Report } from '../../core/sync/plan.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { soleAuthority } from '../authority.ts';
import { change, heldAccount, startPassLab } from '../testing/pass-lab.ts';

const isWithheld = ({ code }: Report): boolean => code === 'removal_withheld';

describe('a pass that would remove and may not', { timeout: 120_000 }, () => {
  const listening = listeningServer();

  it('names what stays readable while the source does not answer for another account, and until it does', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: Array.from({ length: 8 }, (_, at) => heldAccount(`1_${at}`, `n${at}`)),
    });
    await lab.pass();
    const web = lab.safe('web');
    change(web[0], 'new');
    web.splice(2);
    lab.pam.misbehaviour = { kind: 'fails', path: /1_0\/Password\/Retrieve$/u, times: 1000 };
    for (let times = 0; times < 2; times += 1) {
      const outcome = await lab.pass();
      assert.deepEqual(await lab.values('l/web/n2/password'), ['secret 1_2']);
      assert.deepEqual(outcome.reports, [
        {
          code: 'removal_withheld',
          branch: `${lab.vault}/l/web`,
          because: 'source_failed',
          kept: 6,
          identifiers: [2, 3, 4, 5, 6].map((at) => `${lab.vault}/l/web/n${at}/password`),
        },
      ]);
    }
    lab.pam.misbehaviour = null;
    const outcome = await lab.pass();
    assert.deepEqual([outcome.reports, outcome.removed.length], [[], 6]);
  });

  it('names what an account leaves behind that is not yet as it should be', async (t) => {
    const lab = await startPassLab(t, listening, { web: [heldAccount('1_1', 'old')] });
    await lab.pass();
    lab
      .safe('web')
      .splice(0, 1, heldAccount('1_1', 'young', { password: '', lastModifiedTime: 1_800_000_000 }));
    const { reports } = await lab.pass();
    assert.deepEqual(reports.filter(isWithheld), [
      {
        code: 'removal_withheld',
        branch: `${lab.vault}/l/web`,
        because: 'account_failed',
        kept: 1,
        identifiers: [`${lab.vault}/l/web/old/password`],
      },
    ]);
    assert.equal(needsAttention({ stopped: null, failures: [], reports: reports.filter(isWithheld) }), true);
  });

  it('names what stays in a safe whose policy fails', async (t) => {
    const lab = await startPassLab(t, listening, {
      web: [heldAccount('1_1', 'one'), heldAccount('1_2', 'two')],
    });
    await lab.pass();
    lab.safe('web').splice(0, 1, heldAccount('1_3', 'three'));
    // At first the load that makes `three` is refused, and then the one that removes `one`.
    for (const refused of ['POST', 'PATCH']) {
      const host: ConjurClient = {
        ...lab.host,
        send: async (request) => {
          const isLoad = request.path.startsWith('/policies/') && !request.path.includes('dryRun');
          if (isLoad && request.method === refused)
            throw new Problem('api_forbidden', 'not permitted (403).');
          return lab.host.send(request);
        },
      };
      const pass = await lab.pass({}, { client: host, authority: soleAuthority(host) });
      assert.equal(pass.created.length, refused === 'POST' ? 0 : 1);
      assert.deepEqual(pass.reports.filter(isWithheld), [
        {
          code: 'removal_withheld',
          branch: `${lab.vault}/l/web`,
          because: 'policy_failed',
          kept: 1,
          identifiers: [`${lab.vault}/l/web/one/password`],
        },
      ]);
    }
  });
});
