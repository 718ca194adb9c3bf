#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { unsupportedNode } from '../runtime/node-version.ts';
import { runElectCommand } from './command.ts';
import { openStandardError } from './log-sink.ts';
import { stopOnSignals } from './signals.ts';

const tooOld = unsupportedNode(process.versions.node);
if (tooOld !== null) {
  process.stderr.write(`holdfast elect: ${tooOld}\n`);
  process.exit(1);
}

/** Also in the published package, `package.json` lies two directories above this file. */
function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version = 'unknown' }: { readonly version?: string } = JSON.parse(text);
  return version;
}

/** For the last lines, at the end. */
const lastLinesMs = 500;
const log = openStandardError();
process.stdout.on('error', () => undefined);

process.exitCode = await runElectCommand({
  words: process.argv.slice(2),
  env: process.env,
  answer: (line) => void process.stdout.write(`${line}\n`),
  say: log.write,
  version: readVersion,
  signal: stopOnSignals(),
});
// Lines that nobody reads must not keep it.
if (!(await log.flushed(lastLinesMs))) process.exit();
