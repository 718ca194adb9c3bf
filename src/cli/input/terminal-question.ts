import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Problem } from '../../core/problem.ts';

/** A person at a terminal: both ends are needed, one to read the question and one to answer it. */
export function hasPerson(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks on standard error and returns the line that was typed. @throws Problem `interrupted` on Ctrl-C or Ctrl-D */
export function ask(question: string): Promise<string> {
  return askOn(question, process.stderr);
}

/** The same, and what is typed is not shown. */
export async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    return await askOn('', nowhere);
  } finally {
    process.stderr.write('\n');
  }
}

async function askOn(question: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  const ended = new Promise<never>((_resolve, reject) => {
    const stop = (): void => {
      output.write('\n'); // what is said next begins a line of its own
      reject(new Problem('interrupted', 'interrupted.'));
    };
    lines.once('SIGINT', stop);
    lines.once('close', stop);
  });
  ended.catch(() => undefined); // when the answer came first, closing is no news
  try {
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.removeAllListeners('close');
    lines.close();
  }
}
