import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A sidecar as its own process, run from its sources. */
export interface SidecarProcess {
  readonly pid: number;
  readonly lines: readonly string[];
  /** Resolves with the first line of standard error that fits, past ones included. */
  readonly said: (pattern: RegExp, timeoutMs?: number) => Promise<string>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly exited: Promise<SidecarExit>;
  /** kill -9; resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

interface SidecarExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export const electorMain: string = fileURLToPath(new URL('../main.ts', import.meta.url));

/**
 * Starts one.
 *
 * @param env all that it gets, besides PATH
 * @param wrapper what to put before the command, as faketime
 */
export function startSidecar(
  env: Readonly<Record<string, string>>,
  words: readonly string[] = [],
  wrapper: readonly string[] = [],
): SidecarProcess {
  const [program = '', ...args] = [...wrapper, process.execPath, electorMain, ...words];
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return watched(child);
}

function watched(child: ChildProcess): SidecarProcess {
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  let rest = '';
  const take = (chunk: Buffer): void => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    for (const listener of listeners) listener();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const exited = new Promise<SidecarExit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const signal = (name: NodeJS.Signals): void => void child.kill(name);
  return {
    pid: child.pid ?? 0,
    lines,
    exited,
    signal,
    kill: async () => {
      signal('SIGKILL');
      await exited;
    },
    said: (pattern, timeoutMs = 15_000) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = lines.find((each) => pattern.test(each));
          if (line === undefined) return;
          end();
          resolve(line);
        };
        const end = (): void => {
          clearTimeout(late);
          listeners.delete(look);
        };
        const late = setTimeout(() => {
          end();
          reject(new Error(`it did not say ${String(pattern)} in ${timeoutMs} ms:\n${lines.join('\n')}`));
        }, timeoutMs);
        listeners.add(look);
        look();
      }),
  };
}
