import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { isLocked, lockStateDirectory } from './directory-lock.ts';

const module = join(import.meta.dirname, 'directory-lock.ts');

describe('the lock of a state directory', () => {
  let directory: string;
  beforeEach(() => {
    // Longer than the path of a socket may be.
    directory = join(mkdtempSync(join(tmpdir(), 'hf-lock-')), 'x'.repeat(120));
  });
  afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

  /** A process that takes the lock, says so (or why not), and keeps it. */
  const holder = async () => {
    const program = `
      const { lockStateDirectory } = await import(${JSON.stringify(module)});
      await lockStateDirectory(process.argv[1]).then(() => console.log('held'), (error) => console.log(error.code));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk]: unknown[] = await once(child.stdout, 'data');
    const end = async (): Promise<void> => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    };
    return { child, said: String(chunk).trim(), end };
  };

  it('comes with a directory without the halves of files that one who was killed has left', async () => {
    const first = await lockStateDirectory(directory);
    const half = '.0123456789ab.tmp';
    const own = ['state.jsonl', 'status.json', 'standing.json', 'digest.key'].map((name) => name + half);
    const others = ['state.jsonl', `paused.json${half}`, `accepted.json${half}`, `mine.txt${half}`];
    for (const name of [...own, ...others]) writeFileSync(join(directory, name), '');
    await assert.rejects(lockStateDirectory(directory));
    const left = () => readdirSync(directory).filter((name) => !name.endsWith('.sock'));
    assert.equal(left().length, own.length + others.length);
    await first.release();
    await (await lockStateDirectory(directory)).release();
    assert.deepEqual(left().sort(), others.sort());
  });

  it('is refused to a second one while the first lives, stopped or not, and free when it was killed', async () => {
    const first = await holder();
    assert.equal(first.said, 'held');
    assert.equal(await isLocked(directory), true);
    first.child.kill('SIGSTOP');
    await assert.rejects(lockStateDirectory(directory), (error) => isProblem(error, 'state_in_use'));
    await first.end();
    assert.equal(readdirSync(directory).length, 1); // what the dead one left
    const lock = await lockStateDirectory(directory);
    assert.equal(await isLocked(directory), true);
    await lock.release();
    assert.deepEqual([await isLocked(directory), readdirSync(directory)], [false, []]);
  });

  it('has one holder at most of several that start at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const holders = await Promise.all(Array.from({ length: 4 }, holder));
      const held = holders.filter(({ said }) => said === 'held');
      await Promise.all(holders.map(({ end }) => end()));
      assert.ok(held.length <= 1, holders.map(({ said }) => said).join(' '));
    }
  });

  it('is not there, and nothing is made, where nobody has worked yet', async () => {
    assert.deepEqual([await isLocked(directory), existsSync(directory)], [false, false]);
  });

  it('says what is wrong with a directory that cannot be used', async () => {
    const file = join(directory, '..', 'file');
    writeFileSync(file, '');
    await assert.rejects(
      lockStateDirectory(join(file, 'state')),
      (error) =>
        isProblem(error, 'config_invalid') && /file\/state cannot be used \(ENOTDIR\)/u.test(error.detail),
    );
  });
});
