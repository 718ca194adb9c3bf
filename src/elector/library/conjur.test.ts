import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { conjurElection } from './conjur.ts';

const options = {
  url: 'http://127.0.0.1:1',
  account: 'a',
  login: 'host/app-1',
  apiKey: 'k',
  ttlMs: 10_000,
};

it('an election over the Conjur API is opened without a call, and says what cannot work', async () => {
  (await conjurElection(options)).close();
  await assert.rejects(
    conjurElection({ ...options, ttlMs: 9999 }),
    (error) => isProblem(error, 'config_invalid') && error.detail.startsWith('ttlMs: 9999 is too short'),
  );
  await assert.rejects(
    conjurElection({ ...options, caFile: '/nowhere/ca.crt' }),
    (error) => isProblem(error, 'config_invalid') && /^caFile: .*\(ENOENT\)/u.test(error.detail),
  );
});
