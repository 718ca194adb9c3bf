import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { spawnDependent } from '../../src/runtime/dependent-child.ts';

/** Ours as it is installed, the reference, and a program that does nothing but send a request. */
export type Contender = 'ours' | 'polling' | 'bare';

/** A sidecar's process. */
export interface Sidecar {
  readonly pid: number;
  /** Sends the signal, and waits until the process is gone. */
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
  /** Only sends it. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** What it wrote so far, both streams. */
  readonly output: () => string;
  /** Waits until it has said this, or throws what it said instead. */
  readonly says: (pattern: RegExp, timeoutMs: number) => Promise<void>;
}

const oursFile = fileURLToPath(new URL('../../dist/elector/main.js', import.meta.url));
const files: Readonly<Record<Contender, string>> = {
  ours: oursFile,
  polling: fileURLToPath(new URL('./polling-sidecar.ts', import.meta.url)),
  bare: fileURLToPath(new URL('./bare-request.ts', import.meta.url)),
};

/** Starts a sidecar with the environment of the original, and nothing else. It dies with this process. */
export function startSidecar(contender: Contender, env: Readonly<Record<string, string>>): Sidecar {
  const file = files[contender];
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm run build.`);
  const child = spawnDependent([process.execPath, file], { env });
  const { output, says } = gather(child);
  const gone = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    output,
    says,
    signal: (signal) => void child.kill(signal),
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(killer);
    },
  };
}

const outputLimit = 64 * 1024;

function gather(child: ChildProcess): Pick<Sidecar, 'output' | 'says'> {
  let text = '';
  const heard = new EventTarget();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-outputLimit);
      heard.dispatchEvent(new Event('more'));
    });
  }
  return {
    output: () => text,
    says: (pattern, timeoutMs) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text)) return;
          clearTimeout(late);
          heard.removeEventListener('more', look);
          resolve();
        };
        const late = setTimeout(() => {
          heard.removeEventListener('more', look);
          reject(new Error(`It did not say ${pattern} in ${timeoutMs} ms, but: ${text}`));
        }, timeoutMs);
        heard.addEventListener('more', look);
        look();
      }),
  };
}
