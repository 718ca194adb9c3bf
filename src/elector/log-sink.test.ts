import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogSink } from './log-sink.ts';
import type { LogOutlet } from './log-outlet.ts';

/** A reader that takes lines when it is told to. */
function slowReader(): {
  readonly outlet: LogOutlet;
  readonly taken: string[];
  readonly takeAll: () => Promise<void>;
} {
  const taken: string[] = [];
  let next: (() => void) | null = null;
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, callback) => {
      next = () => {
        taken.push(chunk.replace(/^\S+ warn /u, ''));
        callback();
      };
    },
  });
  return {
    outlet: { stream, finish: async () => undefined, abandon: () => undefined },
    taken,
    takeAll: async () => {
      while (stream.writableLength > 0) {
        const take = next;
        next = null;
        take?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

describe('a log that nobody reads', { timeout: 60_000 }, () => {
  it('drops what a reader does not take, and says how much once it does', async () => {
    const { outlet, taken, takeAll } = slowReader();
    const sink = createLogSink(() => outlet);
    const long = `${'x'.repeat(200 * 1024)}\n`;
    for (let each = 0; each < 4; each += 1) sink.write(long);
    await takeAll();
    assert.deepEqual(taken, [long, '3 lines were dropped: nobody read the log.\n']);
    sink.write('d\n');
    await takeAll();
    assert.deepEqual(taken.slice(2), ['d\n']);
  });

  it('is opened again when it broke, not without end, and says how much is missing', async () => {
    const readers = [slowReader(), slowReader()];
    let now = 0;
    let opened = 0;
    const sink = createLogSink(
      () => readers[opened++]?.outlet ?? null,
      () => now,
    );
    sink.write('a\n');
    readers[0]?.outlet.stream.destroy(new Error('EPIPE'));
    sink.write('b\n');
    now += 9999;
    sink.write('c\n');
    assert.equal(opened, 1);
    now += 1;
    sink.write('d\n');
    await readers[1]?.takeAll();
    assert.deepEqual(readers[1]?.taken, ['2 lines were dropped: nobody read the log.\n', 'd\n']);
  });
});

/**
 * Fills its log, with a child that has made it wait for its reader; then says in a file how long it stood still at most, and
 * whether all was taken in the end.
 */
const program = `
import { spawn } from 'node:child_process';
import { writeFileSync, renameSync } from 'node:fs';
import { openStandardError } from ${JSON.stringify(new URL('log-sink.ts', import.meta.url).href)};
const [, out, lines, flushMs] = process.argv;
const log = openStandardError();
let last = performance.now(), stoodMs = 0;
const look = () => { const now = performance.now(); stoodMs = Math.max(stoodMs, now - last); last = now; };
setInterval(look, 5);
spawn('true', [], { stdio: 'inherit' }).on('exit', async () => {
  for (let line = 0; line < Number(lines); line += 1) {
    log.write('line ' + line + 'x'.repeat(1000) + '\\n');
    if (line % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    look();
  }
  writeFileSync(out + '.written', '');
  const all = await log.flushed(Number(flushMs));
  look();
  writeFileSync(out + '.new', JSON.stringify({ stoodMs, all }));
  renameSync(out + '.new', out);
  process.exit(all ? 0 : 3);
});`;

describe('standard error', { timeout: 60_000, concurrency: true }, () => {
  let dir: string;
  let count = 0;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'hf-log-'));
  });
  after(() => rmSync(dir, { recursive: true }));

  function argv(lines: number, flushMs = 300): readonly [out: string, argv: readonly [string, ...string[]]] {
    count += 1;
    const out = join(dir, `out-${count}`);
    return [
      out,
      [process.execPath, '--input-type=module', '-e', program, out, String(lines), String(flushMs)],
    ];
  }

  /** What the program said in its file, once that is there. */
  async function result(out: string): Promise<{ readonly stoodMs: number; readonly all: boolean }> {
    for (const endAt = performance.now() + 20_000; performance.now() < endAt; ) {
      try {
        return JSON.parse(readFileSync(out, 'utf8')) as { stoodMs: number; all: boolean };
      } catch {
        await pause(20);
      }
    }
    throw new Error('it stands still');
  }

  async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return text;
  }

  async function written(out: string): Promise<void> {
    while (!existsSync(`${out}.written`)) await pause(10);
  }

  async function goesOn(child: ChildProcess, out: string): Promise<void> {
    try {
      const { stoodMs, all } = await result(out);
      assert.equal(all, false);
      assert.ok(stoodMs < 5000, `it stood still for ${stoodMs} ms`);
    } finally {
      child.kill('SIGKILL');
    }
  }

  const ways: Readonly<
    Record<string, (argv: readonly [string, ...string[]]) => Promise<[ChildProcess, FileHandle?]>>
  > = {
    'a pipe that nobody reads': async ([first, ...args]) => {
      const fifo = join(dir, 'fifo');
      assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
      // For reading and writing, so that it has a reader, who never reads.
      const pipe = await open(fifo, constants.O_RDWR);
      return [spawn(first, args, { stdio: ['ignore', 'ignore', pipe.fd] }), pipe];
    },
    // What Node calls a pipe is a pair of sockets.
    'a socket that nobody reads': async ([first, ...args]) => [
      spawn(first, args, { stdio: ['ignore', 'ignore', 'pipe'] }),
    ],
    'a terminal that was stopped': async (words) => {
      const line = words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
      const child = spawn('script', ['-qfec', `exec ${line}`, '/dev/null'], {
        env: { ...process.env, SHELL: '/bin/sh' },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return [child];
    },
  };
  for (const [what, start] of Object.entries(ways)) {
    it(`is not waited for: ${what}`, async () => {
      const [out, words] = argv(2000);
      const [child, pipe] = await start(words);
      await goesOn(child, out);
      await pipe?.close();
    });
  }

  for (const [what, lines, isLate] of [
    ['loses nothing for a reader who reads', 200, false],
    ['says what is missing to a reader who comes back', 2000, true],
  ] as const) {
    it(what, async () => {
      const [out, [first, ...args]] = argv(lines, 20_000);
      const child = spawn(first, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      if (isLate) await written(out);
      let text = '';
      child.stderr.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      await once(child, 'close');
      assert.equal((await result(out)).all, true);
      const told = text.match(/^line \d+x/gmu)?.length ?? 0;
      const missing = [...text.matchAll(/ (\d+) lines were dropped/gu)].map(([, each = '']) => Number(each));
      assert.equal(told + missing.reduce((sum, each) => sum + each, 0), lines);
      assert.equal(missing.length > 0, isLate);
    });
  }

  it('stays as it was for those who share it, also when a socket was closed', async () => {
    const look = `
import { readFileSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { openStandardError } from ${JSON.stringify(new URL('log-sink.ts', import.meta.url).href)};
const log = openStandardError();
log.write('a line\\n');
const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1', () => {
  connect(server.address().port, '127.0.0.1').on('close', async () => {
    process.emitWarning('a warning of a library');
    setImmediate(async () => {
      await log.flushed(10_000);
      writeSync(1, readFileSync('/proc/self/fdinfo/2', 'utf8'));
      process.exit(0);
    });
  }).resume();
});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', look], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [flags, text] = await Promise.all([child.stdout, child.stderr].map(textOf));
    const nonBlocking = 0o4000;
    const shown = /flags:\s*(\d+)/u.exec(flags ?? '')?.[1];
    assert.equal(Number.parseInt(shown ?? 'none', 8) & nonBlocking, 0, flags);
    assert.match(text ?? '', /^a line\n.*a warning of a library/u);
  });

  it('leaves no relay behind', async () => {
    const [out, [first, ...args]] = argv(2000);
    const child = spawn(first, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'exit');
    const own = await relaysOf(child.pid ?? 0);
    await goesOn(child, out);
    await ended;
    for (const pid of own) while (isAlive(pid)) await pause(10);
  });

  it('gives its relay nothing of its environment, which may hold a token', async () => {
    const [, [first, ...args]] = argv(2000);
    const env = { ...process.env, CONSUL_HTTP_TOKEN: 'a token' };
    const child = spawn(first, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
    const ended = once(child, 'exit');
    const [relay = 0] = await relaysOf(child.pid ?? 0);
    const environment = readFileSync(`/proc/${relay}/environ`, 'utf8');
    child.kill('SIGKILL');
    child.stderr.destroy();
    await ended;
    assert.doesNotMatch(environment, /CONSUL|a token/u);
    assert.match(environment, /^PATH=/mu);
  });

  /** Its relay, once it has one. */
  async function relaysOf(pid: number): Promise<readonly number[]> {
    for (;;) {
      const { stdout } = spawnSync('pgrep', ['-P', String(pid), '-x', 'cat'], { encoding: 'utf8' });
      if (stdout.trim() !== '') return stdout.trim().split('\n').map(Number);
      await pause(5);
    }
  }

  function isAlive(pid: number): boolean {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  }
});
