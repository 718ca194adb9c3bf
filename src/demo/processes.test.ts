import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  groupMembers,
  identify,
  isAlive,
  type KnownProcess,
  signalGroup,
  signalProcess,
} from './processes.ts';

/** A shell with a child of its own, in a group of their own; it says when both are there. */
async function startGroup(): Promise<{ readonly child: ChildProcess; readonly known: KnownProcess }> {
  const script = 'sleep 60 & echo ready; wait';
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const known = await identify('group', child.pid ?? 0);
  assert.ok(known);
  return { child, known };
}

test('a group is its leader and its children, and ends with one signal', async () => {
  const { child, known } = await startGroup();
  assert.equal((await groupMembers(known)).length, 2);
  const ended = once(child, 'close'); // the child of the shell held the pipe too
  await signalGroup(known, 'SIGKILL');
  await ended;
  assert.deepEqual([await isAlive(known), await groupMembers(known)], [false, []]);
});

test('what a dead leader left in its group is found, and ended', async () => {
  const { child, known } = await startGroup();
  const exited = once(child, 'exit');
  const closed = once(child, 'close');
  await signalProcess(known, 'SIGKILL');
  await exited;
  assert.equal((await groupMembers(known)).length, 1);
  await signalGroup(known, 'SIGKILL');
  await closed;
});

test('a process that only has the number of ours is left alone', async () => {
  const { child, known } = await startGroup();
  const older = { ...known, startTime: String(BigInt(known.startTime) - 100n) };
  assert.deepEqual([await isAlive(older), await groupMembers(older)], [false, []]);
  await signalProcess(older, 'SIGKILL');
  await signalGroup(older, 'SIGKILL');
  assert.equal(await isAlive(known), true);
  const closed = once(child, 'close');
  await signalGroup(known, 'SIGKILL');
  await closed;
});

test('signals to what is gone are no failure', async () => {
  const { child, known } = await startGroup();
  const closed = once(child, 'close');
  await signalGroup(known, 'SIGKILL');
  await closed;
  await signalGroup(known, 'SIGTERM');
  await signalProcess(known, 'SIGTERM');
});
