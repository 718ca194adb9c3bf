import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseSubnet, inNamespace, isFree, layingCommands, planNetwork } from './network-plan.ts';

const network = planNetwork('/d', '10.1.2.0/24');

test('two directories never share a name, and an interface has a name that the kernel takes', () => {
  const other = planNetwork('/e', '10.1.2.0/24');
  for (const name of ['prefix', 'hub', 'link'] as const) assert.notEqual(network[name], other[name]);
  assert.ok(network.link.length <= 15);
  assert.ok(network.hub.startsWith(network.prefix));
  assert.deepEqual(planNetwork('/d', '10.1.2.0/24'), network);
});

test('a subnet is free when nothing of it is used, neither an address in it nor a network around it', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['10.1.1.255', true],
    ['10.1.2.0', false],
    ['10.1.2.255/32', false],
    ['10.1.3.0/24', true],
    ['10.1.2.7/25', false],
    ['10.0.0.0/8', false],
    ['0.0.0.0/1', false],
    ['192.168.0.0/16', true],
  ];
  for (const [taken, free] of cases) assert.equal(isFree('10.1.2.0/24', [taken]), free, taken);
});

test('the same directory gets the same subnet as long as that is free, another one when it is not', () => {
  const first = chooseSubnet('/d', []);
  assert.ok(first);
  assert.equal(chooseSubnet('/d', ['192.168.1.0/24']), first);
  const second = chooseSubnet('/d', [first]);
  assert.ok(second !== null && second !== first);
  assert.equal(chooseSubnet('/d', ['10.0.0.0/8']), null);
});

test('nothing but the link and its address is made outside of namespaces, and no route leads out', () => {
  const nodes = [
    { name: 'n1', namespace: `${network.prefix}n1`, address: '10.1.2.11' },
    { name: 'f1', namespace: `${network.prefix}f1`, address: '10.1.2.12' },
  ];
  const commands = layingCommands(network, nodes).map((words) => words.join(' '));
  const outside = commands.filter((line) => !line.startsWith('ip -n ') && !line.startsWith('ip netns add '));
  assert.deepEqual(outside, [
    `ip link add name ${network.link} type veth peer name uplink netns ${network.hub}`,
    `ip address add 10.1.2.1/24 dev ${network.link}`,
    `ip link set dev ${network.link} up`,
  ]);
  assert.ok(commands.includes(`ip -n ${network.prefix}f1 address add 10.1.2.12/24 dev eth0`));
  assert.ok(commands.every((line) => !line.includes('route') && !line.includes('default')));
});

test('a command without a namespace is run as it stands', () => {
  assert.deepEqual(inNamespace(null), []);
  assert.deepEqual(inNamespace('x'), ['nsenter', '--net=/run/netns/x', '--']);
});
