import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild } from './children.ts';

/** Whether a process group has a member. */
function lives(groupId: number): boolean {
  try {
    process.kill(-groupId, 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(groupId: number): Promise<void> {
  while (lives(groupId)) await pause(10);
}

describe('a command', { timeout: 20_000 }, () => {
  it('ends with its exit code, or with 128 and the signal that ended it', async () => {
    assert.equal((await startChild('exit 7', process.env).ended).code, 7);
    assert.equal((await startChild('kill -TERM $$', process.env).ended).code, 143);
    assert.equal((await startChild('kill -KILL $$', process.env).ended).code, 137);
  });

  it('that cannot be started is told, not thrown', async () => {
    const child = startChild(`: ${'x'.repeat(3_000_000)}`, process.env);
    const { code, because } = await child.ended;
    assert.deepEqual([code, because], [126, 'cannot be started (E2BIG)']);
    await child.stop(0);
  });

  it('takes with it what it left behind when it is stopped', async () => {
    const child = startChild('sleep 4711 & exit 0', process.env);
    await child.ended;
    assert.ok(child.groupId !== null && lives(child.groupId));
    await child.stop(0);
    await untilGone(child.groupId);
  });

  it('whose group is gone gets no signal any more', async () => {
    const child = startChild('kill -KILL 0', process.env);
    await child.ended;
    assert.ok(child.groupId !== null);
    await untilGone(child.groupId);
    await pause(50); // the end of the guard's pipe is read
    const sent: unknown[] = [];
    const kill = process.kill.bind(process);
    process.kill = (...words): true => sent.push(words) > 0 || true;
    try {
      await child.stop(0);
    } finally {
      process.kill = kill;
    }
    assert.deepEqual(sent, []);
  });

  it('dies with who started it, all of it, also what the shell only waits for', async () => {
    const program = `
      import { startChild } from ${JSON.stringify(new URL('children.ts', import.meta.url).href)};
      const { groupId } = startChild('sleep 4799 & sleep 4799; true', process.env);
      console.log(groupId);
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const groupId = Number(chunk.toString());
    assert.ok(lives(groupId));
    parent.kill('SIGKILL');
    await untilGone(groupId);
  });
});
