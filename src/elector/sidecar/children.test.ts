import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild } from './children.ts';

const module = JSON.stringify(new URL('children.ts', import.meta.url).href);

function fileOf(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'hf-children-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return join(dir, 'pids');
}

async function pids(file: string, count: number): Promise<readonly number[]> {
  for (;;) {
    try {
      const found = readFileSync(file, 'utf8').split('\n').filter(Boolean);
      if (found.length === count) return found.map(Number);
    } catch {
      // not written yet
    }
    await pause(20);
  }
}

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await pause(20);
}

function isAlive(pid: number): boolean {
  try {
    // Whoever has ended, and was not waited for, is no more.
    return !/^\d+ \(.*\) Z/u.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Two members, neither of them the shell that was started. */
const twoOf = (file: string): string =>
  `sleep 4799 & echo $! >>${file}; sleep 4799 & echo $! >>${file}; wait; true`;

describe('a command with all that it starts', { timeout: 30_000, concurrency: true }, () => {
  for (const [how, end] of [
    ['killed', 'process.kill(process.pid, "SIGKILL")'],
    ['ended at once', 'process.exit(1)'],
  ] as const) {
    it(`is killed when the process that started it is ${how}`, async (t) => {
      const file = fileOf(t);
      const program = `
        import { startChild } from ${module};
        startChild(${JSON.stringify(twoOf(file))}, process.env);
        process.stdin.once('data', () => { ${end}; });
      `;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      const members = await pids(file, 2);
      assert.ok(members.every(isAlive));
      parent.stdin.write('now');
      await once(parent, 'exit');
      await Promise.all(members.map(gone));
    });
  }

  it('is stopped as a whole, though the shell has ended long ago', async (t) => {
    const file = fileOf(t);
    const child = startChild(`sleep 4799 & echo $! >>${file}; exit 3`, process.env);
    assert.equal((await child.ended).code, 3);
    const [member = 0] = await pids(file, 1);
    assert.ok(isAlive(member));
    await child.stop(100);
    await gone(member);
  });

  it('has no child that it did not start, and no line to us', async (t) => {
    const file = fileOf(t);
    const command = `[ -e /proc/$$/fd/3 ] && line=a; read -r own </proc/$$/task/$$/children; echo "<$line$own>" >${file}`;
    const child = startChild(command, process.env);
    await child.ended;
    assert.equal(readFileSync(file, 'utf8'), '<>\n');
    await child.stop(0);
  });
});
