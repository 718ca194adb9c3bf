import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Clocks that run too slowly for the programs that are started so. */
export interface SlowClock {
  /** The command that runs `argv` under it. Linux, root, faketime. */
  readonly command: (argv: readonly string[]) => readonly [program: string, ...args: string[]];
  readonly close: () => void;
}

/** As finely as the kernel's own file counts. */
const stepMs = 10;

/**
 * All clocks of a program run at `rate`. The library of Debian's faketime slows what a program asks of the C library; but the
 * boot clock, by which an election finds that the machine was suspended, is read from /proc/uptime. So the program gets
 * a mount namespace in which that is a file of ours, and runs at the same rate. A program that found the two apart would take
 * the difference for time suspended, and not be slow at all.
 */
export function openSlowClock(rate: number): SlowClock {
  const dir = mkdtempSync(join(tmpdir(), 'hf-slow-clock-'));
  const file = join(dir, 'uptime');
  const out = openSync(file, 'w', 0o644);
  const originS = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  const startedAt = performance.now();
  const tell = (): void => {
    const seconds = originS + ((performance.now() - startedAt) / 1000) * rate;
    // Always as long, so that it can be written in place: another file would not be the one that is mounted.
    writeSync(out, `${seconds.toFixed(2).padStart(15, '0')} 0.00\n`, 0);
  };
  tell();
  const telling = setInterval(tell, stepMs);
  const mounts = 'mount --bind "$0" /proc/uptime && exec "$@"';
  return {
    command: (argv) => [
      'unshare',
      ...['--mount', '/bin/sh', '-c', mounts, file],
      ...['faketime', '-f', `+0 x${rate}`, ...argv],
    ],
    close: () => {
      clearInterval(telling);
      closeSync(out);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
