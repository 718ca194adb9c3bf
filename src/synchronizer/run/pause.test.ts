import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';

/** A user namespace of its own, in which nobody gets an instance of inotify: fs.watch throws EMFILE there. */
const withoutInotify = (script: string, ...args: readonly string[]) =>
  spawnSync(
    'unshare',
    [
      '-Ur',
      'sh',
      '-c',
      'echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"',
      'sh',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
      ...args,
    ],
    { encoding: 'utf8', timeout: 20_000 },
  );
const canTry = withoutInotify('').status === 0;

it('a pause is seen where inotify is used up, by the timer alone', {
  skip: canTry ? false : 'user namespaces cannot be made here',
}, () => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-pause-'));
  try {
    const module = JSON.stringify(join(import.meta.dirname, 'pause.ts'));
    const program = `
      const { putPause, removePause, watchPause } = await import(${module});
      const { watch } = await import('node:fs');
      try { watch(process.argv[1]); console.log('watched'); } catch (error) { console.log(error.code); }
      const stop = new AbortController();
      const pauses = await watchPause(process.argv[1], stop.signal);
      const paused = new Promise((seen) => pauses.signal().addEventListener('abort', seen));
      const held = setInterval(() => {}, 1000);
      await putPause(process.argv[1], 'why not');
      await paused;
      console.log(pauses.current().because);
      await removePause(process.argv[1]);
      await pauses.resumed();
      console.log(pauses.current());
      stop.abort();
      clearInterval(held);`;
    const { stdout, stderr, status } = withoutInotify(program, directory);
    assert.deepEqual([stdout, status], ['EMFILE\nwhy not\nnull\n', 0], stderr);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
