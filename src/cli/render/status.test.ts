import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { ClusterStatus, NodeStatus } from '../../agent/operations.ts';
import { renderStatus } from './status.ts';
import { plainStyle, terminalStyle } from './style.ts';

const node: NodeStatus = {
  name: 'n1',
  kind: 'standby',
  role: 'master',
  synchronous: false,
  evicted: null,
  because: 'master of term 3; every write is confirmed by n2',
  streaming: false,
  timelines: '3/3',
  lagBytes: { data: 0, audit: 0 },
  address: '10.0.0.1:8400',
};

const status: ClusterStatus = {
  cluster: 'demo',
  term: 3,
  master: 'n1',
  protected: true,
  advice: [],
  ttlMs: 5000,
  etcd: [
    { name: 'n1', healthy: true, leader: true, learner: false },
    { name: 'n2', healthy: true, leader: false, learner: true },
  ],
  nodes: [
    node,
    {
      ...node,
      name: 'n2',
      role: 'standby',
      synchronous: true,
      streaming: true,
      because: 'synchronous standby',
      lagBytes: { data: 2048, audit: 0 },
    },
    {
      ...node,
      name: 'dr',
      kind: 'asynchronous',
      role: 'down',
      evicted: 'stopped',
      lagBytes: { data: null, audit: null },
    },
    {
      ...node,
      name: 'f1',
      kind: 'follower',
      role: 'follower',
      streaming: true,
      lagBytes: { data: 0, audit: null },
    },
  ],
};

test('a status is a headline, the members of etcd and a line for each node', () => {
  assert.equal(
    renderStatus(status, plainStyle),
    `demo · term 3 · master n1 · ttl 5 s · protected
etcd: n1 (leader), n2 (learner)

   NODE  ROLE      SYNC   LAG     TIMELINES  ADDRESS        STATE
●  n1    master    –      –       3/3        10.0.0.1:8400  master of term 3; every write is confirmed by n2
●  n2    standby   yes    2.0 kB  3/3        10.0.0.1:8400  synchronous standby
○  dr    down      never  –       3/3        10.0.0.1:8400  evicted (stopped): master of term 3; every write is confirmed by n2
●  f1    follower  –      0 B     3/3        10.0.0.1:8400  master of term 3; every write is confirmed by n2`,
  );
});

test('what keeps a cluster from being protected stands below', () => {
  const text = renderStatus(
    { ...status, master: null, protected: false, advice: ['There is no master.', 'Start n2.'] },
    plainStyle,
  );
  assert.match(text, /^demo · term 3 · no master · ttl 5 s · not protected\n/u);
  assert.match(text, /\n\n! There is no master\.\n! Start n2\.$/u);
});

test('no line is wider than the terminal', () => {
  const advised = { ...status, advice: ['a long piece of advice '.repeat(10)] };
  for (const width of [80, 100, 120]) {
    const lines = renderStatus(advised, plainStyle, width).split('\n');
    assert.ok(
      lines.every((line) => line.length <= width),
      lines.find((line) => line.length > width),
    );
  }
});

test('colours change nothing but colours', () => {
  const coloured = renderStatus(status, terminalStyle, 90);
  assert.notEqual(coloured, renderStatus(status, plainStyle, 90));
  assert.equal(stripVTControlCharacters(coloured), renderStatus(status, plainStyle, 90));
});
