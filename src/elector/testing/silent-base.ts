import assert from 'node:assert/strict';
import { Secret } from '../../core/secret.ts';
import { type ElectionBase, openBase } from '../conjur/base.ts';

/**
 * What a contender stands on in a test that gives it the steps of its protocol: a request that is sent all the same fails the test.
 * @param leaseMs how long a lease of it holds.
 */
export function silentBase(leaseMs: number): ElectionBase {
  return openBase(
    {
      account: 'a',
      login: 'host/one',
      apiKey: new Secret('k'),
      fetch: () => assert.fail('the protocol of this test sends nothing'),
      url: 'http://127.0.0.1:1',
      name: 'one',
      leaseMs,
    },
    {},
  );
}
