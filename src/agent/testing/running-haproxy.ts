import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A real HAProxy in the foreground; `await using` ends it. */
export interface RunningHaproxy extends AsyncDisposable {
  /** Resolves with the next line of HAProxy's log that matches; lines from the start on count. */
  readonly says: (pattern: RegExp) => Promise<string>;
}

export async function startHaproxy(configuration: string): Promise<RunningHaproxy> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-haproxy-'));
  await writeFile(join(dir, 'haproxy.cfg'), configuration);
  const child: ChildProcess = spawn('haproxy', ['-db', '-f', join(dir, 'haproxy.cfg')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  assert.ok(child.stdout);
  const unread: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => unread.push(line));
  return {
    says: async (pattern) => {
      const signal = AbortSignal.timeout(10_000);
      for (;;) {
        const line = unread.shift();
        if (line === undefined) await once(lines, 'line', { signal });
        else if (pattern.test(line)) return line;
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
