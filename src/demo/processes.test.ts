import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { isAlive } from '../runtime/process-facts.ts';
import { groupMembers, type KnownProcess, rememberAs, signalGroup, signalProcess } from './processes.ts';

/** A shell with a child of its own, in a group of their own; it says when both are there. */
async function startGroup(): Promise<{ readonly child: ChildProcess; readonly known: KnownProcess }> {
  const script = 'sleep 60 & echo ready; wait';
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const known = rememberAs('group', child.pid ?? 0);
  assert.ok(known);
  return { child, known };
}

test('a group is its leader and its children, and ends with one signal', async () => {
  const { child, known } = await startGroup();
  assert.equal(groupMembers(known).length, 2);
  const ended = once(child, 'close'); // the child of the shell held the pipe too
  signalGroup(known, 'SIGKILL');
  await ended;
  assert.deepEqual([isAlive(known), groupMembers(known)], [false, []]);
});

test('what a dead leader left in its group is found, and ended', async () => {
  const { child, known } = await startGroup();
  const exited = once(child, 'exit');
  const closed = once(child, 'close');
  signalProcess(known, 'SIGKILL');
  await exited;
  assert.equal(groupMembers(known).length, 1);
  signalGroup(known, 'SIGKILL');
  await closed;
});

test('a process that only has the number of ours is left alone', async () => {
  const { child, known } = await startGroup();
  const older = { ...known, startTicks: known.startTicks - 100 };
  assert.deepEqual([isAlive(older), groupMembers(older)], [false, []]);
  signalProcess(older, 'SIGKILL');
  signalGroup(older, 'SIGKILL');
  assert.equal(isAlive(known), true);
  const closed = once(child, 'close');
  signalGroup(known, 'SIGKILL');
  await closed;
});

test('signals to what is gone are no failure', async () => {
  const { child, known } = await startGroup();
  const closed = once(child, 'close');
  signalGroup(known, 'SIGKILL');
  await closed;
  signalGroup(known, 'SIGTERM');
  signalProcess(known, 'SIGTERM');
});
