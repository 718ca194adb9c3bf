import { openSync, writeSync } from 'node:fs';
import { createElectorLog } from '../../log.ts';
import { readSettings } from '../../settings/read.ts';
import { startContender } from '../../sidecar/contender.ts';
import { createEntries } from '../../sidecar/entries.ts';
import { stopOnSignals } from '../../signals.ts';

/**
 * One task of a fault test: the sidecar's contender, and in the same process what a leader does: every few milliseconds
 * it looks whether it may, and writes its token and when it looked to the witness, a file that all tasks append to.
 *
 * Usage: node witnessed-task.ts NAME WITNESS-FILE slow|right, with the environment of a sidecar
 */
const [, , name = '', witnessFile = '', clock = ''] = process.argv;
const witness = openSync(witnessFile, 'a');
const settings = readSettings({ env: process.env, flags: {}, file: null });
const [election] = settings.elections;
if (election === undefined) throw new Error('no election');
const log = createElectorLog(settings.logLevel, (line) => void process.stderr.write(line));
const contender = startContender(election, {
  connection: settings.connection,
  entries: createEntries(),
  log,
  signal: stopOnSignals(),
});
const acting = setInterval(() => {
  // Before the look: with the moment after it, whoever is stopped in between would seem to have led that late.
  const lookedAtNs = process.hrtime.bigint();
  const standing = contender.standing();
  if (standing?.isLeading !== true) return;
  writeSync(witness, `${name} ${standing.token ?? ''} ${lookedAtNs} ${clock}\n`);
}, 5);
try {
  await contender.done;
} finally {
  clearInterval(acting);
}
