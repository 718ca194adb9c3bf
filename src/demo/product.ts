import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Problem } from '../core/problem.ts';
import { inNamespace } from './network-plan.ts';

/** The product's command line, beside this file as it was built (or as it is written, under type stripping). */
const cli = fileURLToPath(
  new URL(`../cli/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/** The words that start the product's command line. */
export const holdfast: readonly [string, string] = [process.execPath, cli];

/** What a child of the demo finds around it; nothing that somebody set for another node gets in. */
export function childEnvironment(): Readonly<Record<string, string>> {
  // HAProxy and etcd lie where not everybody's PATH leads.
  const path = `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;
  return { PATH: path, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' };
}

export interface ProductCall {
  readonly args: readonly string[];
  /** The network namespace that it runs in; null or left out: that of the demo. */
  readonly namespace?: string | null;
  readonly timeoutMs: number;
  readonly input?: string;
  readonly signal: AbortSignal;
  /** Each line that the command says on standard error. */
  readonly onLine?: (line: string) => void;
}

const keptLines = 12;
/** How long a command may take to clean up when it is interrupted, in milliseconds. */
const stopMs = 15_000;

/**
 * Runs a command of the product to its end.
 *
 * @returns what it answered on standard output
 * @throws Problem `command_failed` with its last words, `command_timeout`; AbortError
 */
export async function callProduct(call: ProductCall): Promise<string> {
  call.signal.throwIfAborted();
  const [program = '', ...args] = [...inNamespace(call.namespace ?? null), ...holdfast, ...call.args];
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: childEnvironment(),
    cwd: '/',
    detached: true, // a Ctrl-C is for the demo, which ends its children in order
  });
  const timeout = AbortSignal.timeout(call.timeoutMs);
  const kill = (): void => void child.kill('SIGKILL');
  let patience: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    patience = setTimeout(kill, stopMs);
  };
  call.signal.addEventListener('abort', stop);
  timeout.addEventListener('abort', kill);
  child.stdin.on('error', () => undefined); // it may end before it reads
  child.stdin.end(call.input ?? '');
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    if (said.length > keptLines) said.shift();
    call.onLine?.(line);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => {
    call.signal.removeEventListener('abort', stop);
    timeout.removeEventListener('abort', kill);
    clearTimeout(patience);
  });
  call.signal.throwIfAborted();
  const command = `holdfast ${call.args.slice(0, 2).join(' ')}`;
  if (timeout.aborted) {
    throw new Problem(
      'command_timeout',
      `"${command}" did not end within ${call.timeoutMs / 1000} s: ${said.join('\n')}`,
    );
  }
  if (code !== 0) throw new Problem('command_failed', `"${command}" failed:\n${said.join('\n')}`);
  return answer;
}
