import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { createLogSink } from './log-sink.ts';

it('drops what a reader does not take, and says how much once it does', () => {
  const written: string[] = [];
  const to = {
    writableLength: 0,
    write: (text: string | Uint8Array): boolean => written.push(String(text)) > 0,
  };
  const sink = createLogSink(to);
  sink.write('a\n');
  to.writableLength = 1024 * 1024;
  sink.write('b\n');
  sink.write('c\n');
  to.writableLength = 0;
  sink.write('d\n');
  assert.deepEqual(
    written.map((line) => line.replace(/^\S+ warn /u, '')),
    ['a\n', '2 lines were dropped: nobody read the log.\n', 'd\n'],
  );
});

/** Fills its log, with a child that has made the pipe block; then says so in a file, and ends with 3. */
const program = `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { openStandardError } from ${JSON.stringify(new URL('log-sink.ts', import.meta.url).href)};
const log = openStandardError();
spawn('true', [], { stdio: 'inherit' }).on('exit', async () => {
  for (let line = 0; line < 2000; line += 1) log.write('x'.repeat(1000) + '\\n');
  writeFileSync(process.argv[1], 'went on');
  process.exit((await log.flushed(100)) ? 0 : 3);
});`;

it('does not stand still at a full pipe that nobody reads', { timeout: 30_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hf-log-'));
  const [fifo, out] = [join(dir, 'fifo'), join(dir, 'out')];
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  // For reading and writing, so that it has a reader, who never reads.
  const pipe = await open(fifo, constants.O_RDWR);
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, out], {
    stdio: ['ignore', 'ignore', pipe.fd],
  });
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  assert.deepEqual(await once(child, 'exit'), [3, null]);
  clearTimeout(late);
  assert.equal(readFileSync(out, 'utf8'), 'went on');
  await pipe.close();
  rmSync(dir, { recursive: true });
});
