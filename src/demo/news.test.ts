import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveNode } from './demo-file.ts';
import { newsOf } from './news.ts';

const nodes = (...entries: readonly (readonly [string, LiveNode['role'], number])[]): Map<string, LiveNode> =>
  new Map(entries.map(([name, role, processGroup]) => [name, { role, processGroup }]));

test('nothing is said while nothing changes', () => {
  const now = nodes(['n1', 'master', 10], ['n2', 'standby', 20]);
  assert.deepEqual(newsOf(now, nodes(['n1', 'master', 10], ['n2', 'standby', 20])), []);
});

test('a failover is told as it happens', () => {
  const first = nodes(['n1', 'master', 10], ['n2', 'standby', 20], ['f1', 'follower', 30]);
  const dead = nodes(['n1', 'down', 10], ['n2', 'standby', 20], ['f1', 'follower', 30]);
  const started = nodes(['n1', 'down', 11], ['n2', 'master', 20], ['f1', 'follower', 30]);
  const whole = nodes(['n1', 'standby', 11], ['n2', 'master', 20], ['f1', 'follower', 30]);
  assert.deepEqual(newsOf(first, dead), ['n1 is down']);
  assert.deepEqual(newsOf(dead, started), ['n1 is started again', 'n2 is the master']);
  assert.deepEqual(newsOf(started, whole), ['n1 is a standby']);
});
