import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spawnDependent } from '../../runtime/dependent-child.ts';
import { consulProgram } from './consul-program.ts';
import { consulConfiguration, type ConsulSettings } from './consul-settings.ts';

/** A running agent. It dies with this process, however that ends. */
export interface ConsulProcess {
  readonly pid: number;
  /** Resolves with how it ended and its last lines; never rejects. */
  readonly exited: Promise<string>;
  readonly signal: (signal: NodeJS.Signals) => void;
}

const linesKept = 20;

/** Starts an agent with its configuration written anew into its directory, where its data lies, too. */
export async function startConsulProcess(settings: ConsulSettings): Promise<ConsulProcess> {
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 });
  const file = join(settings.dataDir, 'agent.json');
  await writeFile(file, JSON.stringify(consulConfiguration(settings)), { mode: 0o600 });
  const child = spawnDependent([consulProgram(), 'agent', '-config-file', file], { cwd: settings.dataDir });
  const lines = keepLines(child);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      resolve(`${signal ?? `code ${code}`}: ${lines.slice(-5).join(' | ')}`);
    });
  });
  return { pid: child.pid ?? 0, exited, signal: (signal) => child.kill(signal) };
}

function keepLines(child: ChildProcess): readonly string[] {
  const kept: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      kept.push(line.slice(0, 500));
      if (kept.length > linesKept) kept.shift();
    });
  }
  return kept;
}
