import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { change, heldAccount, type PassLab, startPassLab } from '../testing/pass-lab.ts';
import type { PassOutcome } from './outcome.ts';

const inOwnWords = JSON.stringify({
  ErrorCode: 'CAWS00001E',
  ErrorMessage: 'The account has no password.',
});

function many(count: number) {
  return Array.from({ length: count }, (_, at) => heldAccount(`1_${at}`, `n${String(at).padStart(3, '0')}`));
}

describe('when a pass gives a safe up', { timeout: 120_000 }, () => {
  const listening = listeningServer();

  const retrievedBy = async (lab: PassLab, settings = {}) => {
    const asked = lab.pam.asked.length;
    const outcome = await lab.pass({}, settings);
    const count = lab.pam.asked.slice(asked).filter((line) => line.endsWith('/Retrieve')).length;
    return { outcome, count };
  };
  const ofSafe = ({ failures }: PassOutcome) => failures.filter(({ account }) => account === null);

  it('writes all others however many the vault itself says it fails for, and removes what is gone', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(200) });
    const path = /Accounts\/1_(?:\d|[1-9]\d|1[01]\d)\/Password\/Retrieve$/u; // the first 120
    lab.pam.misbehaviour = { kind: 'says', path, status: 500, body: inOwnWords };
    const first = await retrievedBy(lab);
    assert.deepEqual([first.outcome.written.length, first.outcome.failures.length], [80, 120]);
    assert.equal(first.count, 80 + 2 * 120);
    lab.safe('web').splice(199, 1);
    const second = await retrievedBy(lab);
    assert.deepEqual(second.outcome.removed, [`${lab.vault}/l/web/n199/password`]);
    assert.equal(second.count, 2 * 120);
  });

  it('does not ask a vault for thousands of accounts that says nothing but that it fails', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(300) });
    lab.pam.misbehaviour = { kind: 'says', path: /Retrieve$/u, status: 500, body: inOwnWords };
    const { outcome, count } = await retrievedBy(lab, { concurrency: 1 });
    assert.equal(count, 2 * 200);
    assert.match(ofSafe(outcome)[0]?.fault ?? '', /not asked for 100 more accounts: 200 accounts failed/u);
  });

  it('takes what a sealed vault says for its own failure, and none of an account', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(30) });
    lab.pam.misbehaviour = { kind: 'says', path: /Retrieve$/u, status: 503, body: inOwnWords };
    const { outcome, count } = await retrievedBy(lab, { concurrency: 1 });
    assert.deepEqual([count, outcome.failures.length], [3 * 10, 11]);
  });

  it('asks last for accounts that it failed for, and of these first for the one that waits longest', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(40) });
    const one = { concurrency: 1 };
    lab.pam.misbehaviour = { kind: 'fails', path: /1_(?:\d|1\d)\/Password\/Retrieve$/u, times: 1e6 }; // 0 to 19
    assert.deepEqual((await lab.pass({}, one)).written, []);
    const second = await lab.pass({}, one);
    assert.deepEqual([second.written.length, second.failures.length], [0, 11], '10 to 19 failed, too');
    const third = await lab.pass({}, one);
    assert.deepEqual([third.written.length, third.failures.length], [20, 11]);
    // The first ten were asked last: what comes good behind them has its turn in the next pass.
    lab.pam.misbehaviour = { kind: 'fails', path: /1_\d\/Password\/Retrieve$/u, times: 1e6 };
    for (const account of lab.safe('web').slice(20)) change(account, `new ${account.id}`);
    const fourth = await lab.pass({}, one);
    assert.deepEqual([fourth.written.length, fourth.failures.length], [30, 10]);
    lab.pam.misbehaviour = null;
    assert.deepEqual((await lab.pass({}, one)).failures, []);
    assert.deepEqual(await lab.differences(), []);
  });

  it('removes nothing of a safe whose accounts were not asked for', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(300) });
    await lab.pass();
    for (const account of lab.safe('web')) change(account, `new ${account.id}`);
    lab.safe('web').splice(299, 1);
    lab.pam.misbehaviour = { kind: 'says', path: /Retrieve$/u, status: 500, body: inOwnWords };
    assert.deepEqual((await lab.pass()).removed, []);
  });
});
