#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { unsupportedNode } from '../runtime/node-version.ts';
import type { CliContext } from './context.ts';
import { takeEnvironment } from './environment.ts';
import { explainFailure } from './failure.ts';
import { buildProgram, helpCommand } from './program.ts';
import { plainStyle, terminalStyle } from './render/style.ts';

const environment = takeEnvironment();
const context: CliContext = {
  environment,
  answer: (text) => void process.stdout.write(`${text}\n`),
  say: (sentence) => void process.stderr.write(`${sentence}\n`),
  style: process.stdout.isTTY && !environment.noColor ? terminalStyle : plainStyle,
  errorStyle: process.stderr.isTTY && !environment.noColor ? terminalStyle : plainStyle,
};

/** Also in the published package, `package.json` lies two directories above this file. */
function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version = 'unknown' }: { readonly version?: string } = JSON.parse(text);
  return version;
}

// The reader of a pipe may leave early (`holdfast status | head -1`): that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const tooOld = unsupportedNode(process.versions.node);
if (tooOld !== null) {
  context.say(`holdfast: ${tooOld}`);
  process.exit(1);
}

const words = process.argv.slice(2);
const program = await buildProgram(context, readVersion(), words);
try {
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  const { exitCode, sentence } = explainFailure(error, helpCommand(program, words));
  if (sentence !== null) context.say(`holdfast: ${sentence}`);
  if (environment.debug && sentence !== null && error instanceof Error) context.say(error.stack ?? '');
  process.exitCode = exitCode;
}
