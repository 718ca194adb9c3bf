import { fileURLToPath } from 'node:url';
import { describeError, isProblem } from '../core/problem.ts';
import { unsupportedNode } from '../runtime/node-version.ts';
import { type DemoArguments, readArguments, usage } from './arguments.ts';
import { superviseInBackground, type SupervisorMessage } from './detach.ts';
import { readRecord } from './directory.ts';
import { planDemo } from './plan.ts';
import { progressDisplay } from './progress-display.ts';
import { stopDemo } from './stop.ts';
import { supervise } from './supervise.ts';

/** 128 + SIGINT, as shells have it. */
const interruptedExit = 130;

const tooOld = unsupportedNode(process.versions.node);
if (tooOld !== null) {
  process.stderr.write(`demo: ${tooOld}\n`);
  process.exit(1);
}

const words = process.argv.slice(2);
/** Whether this process is the supervisor that `--detach` started: then a channel leads to the command that waits. */
const isBackground = process.send !== undefined;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());

try {
  process.exitCode = await run(readArguments(words));
} catch (error) {
  const exitCode = isProblem(error) && error.kind === 'usage' ? 2 : 1;
  report(`demo: ${describeError(error)}`, exitCode);
  process.exitCode = exitCode;
}
if (process.connected) process.disconnect();

async function run(given: DemoArguments): Promise<number> {
  if (given.help) return answer(usage);
  if (given.stop) return stop(given.dir);
  if (isBackground) return inBackground(given);
  const tell = progressDisplay(process.stderr);
  if (given.detach) {
    const main = fileURLToPath(import.meta.url);
    const { text, exitCode } = await superviseInBackground({ main, words, tell, signal: interrupted.signal });
    (exitCode === 0 ? process.stdout : process.stderr).write(`${text}\n`);
    return exitCode;
  }
  const wasReady = await supervise({ given, tell, onReady: answer, signal: interrupted.signal });
  return wasReady ? 0 : interruptedExit;
}

/** Tells the command that waits, until it has gone; it goes when all is ready, or is cut off before, which ends the demo. */
async function inBackground(given: DemoArguments): Promise<number> {
  let isReady = false;
  process.once('disconnect', () => {
    if (!isReady) interrupted.abort();
  });
  const onReady = (text: string): void => {
    isReady = true;
    toParent({ kind: 'ready', text });
  };
  await supervise({
    given,
    tell: (event) => toParent({ kind: 'progress', event }),
    onReady,
    signal: interrupted.signal,
  });
  return 0;
}

async function stop(dir: string): Promise<number> {
  const record = await readRecord(dir);
  if (record === null) {
    process.stderr.write(`demo: --dir: there is no demo in ${dir}.\n`);
    return 2;
  }
  const ran = await stopDemo(planDemo(dir, record.shape));
  return answer(ran ? `The demo in ${dir} is stopped.` : `No demo runs in ${dir}.`);
}

function report(text: string, exitCode: number): void {
  if (isBackground) toParent({ kind: 'failed', text, exitCode });
  else process.stderr.write(`${text}\n`);
}

function toParent(message: SupervisorMessage): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}

function answer(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}
