import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ways } from './ways.ts';

const at = (host: string) => ({ host, port: 1 });
const [straight, balancer, next] = [at('n1'), at('lb'), at('n2')];

test('the best way is taken until it leads nowhere, and again once the best is another', () => {
  const ways = new Ways();
  assert.equal(ways.choose([]), null);
  assert.equal(ways.choose([straight, balancer]), straight);
  assert.equal(ways.choose([straight, balancer]), straight);
  ways.leadsNowhere();
  assert.equal(ways.choose([straight, balancer]), balancer);
  assert.equal(ways.choose([next, balancer]), next, 'another master');
  ways.leadsNowhere();
  ways.leadsNowhere();
  assert.equal(ways.choose([next, balancer]), next, 'round and round');
  ways.leadsNowhere();
  assert.equal(ways.choose([balancer]), balancer, 'nobody is known to be master');
});
