import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { tablesOfDrills } from './clear-faults.ts';
import { packetsByComment } from './counters.ts';
import { delayPlan } from './delay-plan.ts';
import { type PacketFault, packetRules } from './packet-rules.ts';

const cut: PacketFault = {
  node: 'n1',
  peers: ['n2', 'n3'],
  directions: ['in', 'out'],
  ports: null,
  percent: 100,
};

/** What stands in the chain, in the order of the text. */
function rulesOf(fault: PacketFault): readonly string[] {
  const lines = packetRules(fault)
    .apply.split('\n')
    .map((line) => line.trim());
  return lines.filter((line) => line.startsWith('iifname'));
}

test('a cut drops everything, by a rule for each way', () => {
  assert.deepEqual(rulesOf(cut), [
    'iifname { "n2", "n3" } oifname { "n1" } counter drop comment "in"',
    'iifname { "n1" } oifname { "n2", "n3" } counter drop comment "out"',
  ]);
  assert.deepEqual(rulesOf({ ...cut, directions: ['out'] }), [
    'iifname { "n1" } oifname { "n2", "n3" } counter drop comment "out"',
  ]);
});

test('with ports, a connection is cut whichever end has the port', () => {
  assert.deepEqual(rulesOf({ ...cut, directions: ['in'], ports: [8414, 8415] }), [
    'iifname { "n2", "n3" } oifname { "n1" } tcp dport { 8414, 8415 } counter drop comment "in"',
    'iifname { "n2", "n3" } oifname { "n1" } tcp sport { 8414, 8415 } counter drop comment "in"',
  ]);
});

test('loss strikes by chance', () => {
  assert.deepEqual(rulesOf({ ...cut, directions: ['in'], percent: 30 }), [
    'iifname { "n2", "n3" } oifname { "n1" } numgen random mod 100 < 30 counter drop comment "in"',
  ]);
});

test('the same fault has the same table, another one another, and each takes away its own alone', () => {
  const rules = packetRules(cut);
  assert.deepEqual(packetRules({ ...cut }), rules);
  assert.notEqual(packetRules({ ...cut, peers: ['n2'] }).table, rules.table);
  assert.equal(rules.undo, `table bridge ${rules.table} {}\ndelete table bridge ${rules.table}\n`);
  assert.ok(rules.apply.startsWith(rules.undo), 'made anew, in one transaction');
});

test('what would lose nothing, or be another rule than meant, is refused', () => {
  const nonsense: readonly (readonly [Partial<PacketFault>, RegExp])[] = [
    [{ node: 'n1" accept #' }, /name is none of an interface/u],
    [{ peers: [] }, /peers: name others/u],
    [{ peers: ['n2', 'n1'] }, /peers: name others/u],
    [{ directions: [] }, /directions/u],
    [{ ports: [] }, /ports/u],
    [{ ports: [0] }, /ports/u],
    [{ percent: 0 }, /percent/u],
    [{ percent: 30.5 }, /percent/u],
  ];
  for (const [change, says] of nonsense) {
    assert.throws(
      () => packetRules({ ...cut, ...change }),
      (error) => isProblem(error, 'argument_invalid') && says.test(error.detail),
    );
  }
});

test('a delay leads what the node sends over a device of its own', () => {
  const plan = delayPlan('n1', 500, 'lan', ['node', 'relay.js']);
  assert.deepEqual(plan.socat, [
    'socat',
    'TUN,tun-type=tap,tun-name=slow-n1,iff-no-pi,iff-up',
    'EXEC:node relay.js 500,nofork',
  ]);
  assert.match(plan.apply, /hook ingress device "n1" .*\n +counter fwd to "slow-n1"/u);
  assert.ok(plan.device.length <= 15);
  for (const [node, ms] of [
    ['n1', 0],
    ['n1', 60_001],
    ['a-very-long-name', 500],
  ] as const) {
    assert.throws(
      () => delayPlan(node, ms, 'lan', []),
      (error) => isProblem(error, 'argument_invalid'),
    );
  }
});

test('counters are summed by the comments of their rules', () => {
  const rule = (comment: string, packets: number): object => ({
    rule: { comment, expr: [{ match: {} }, { counter: { packets, bytes: 60 * packets } }, { drop: null }] },
  });
  const listing = {
    nftables: [{ metainfo: {} }, { table: {} }, rule('in', 2), rule('in', 3), rule('out', 0)],
  };
  assert.deepEqual(Array.from(packetsByComment(JSON.stringify(listing))), [
    ['in', 5],
    ['out', 0],
  ]);
});

test('of all tables, those of drills are known by their names', () => {
  const table = (family: string, name: string): object => ({ table: { family, name, handle: 1 } });
  const listing = {
    nftables: [{ metainfo: {} }, table('inet', 'filter'), table('bridge', 'holdfast_drill_ab')],
  };
  assert.deepEqual(tablesOfDrills(JSON.stringify(listing)), [
    { family: 'bridge', name: 'holdfast_drill_ab' },
  ]);
});
