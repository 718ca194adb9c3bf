/**
 * Brings a fresh Debian machine (Node, npm and git are enough) to where the checks and tests run: npm's packages and the
 * Debian packages that are missing, and a Consul for the tests, unpacked into .tools/. Plain JavaScript without dependencies, since it runs before there are any, under
 * whatever Node (20 or newer) is there. With nothing to do it takes a fraction of a second.
 *
 * Usage: node scripts/setup.mjs [--quiet] [--without-consul]
 *   --quiet           say nothing when there is nothing to do
 *   --without-consul  for what runs no test
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bringConsul } from './setup-consul.mjs';
import { lookAround } from './setup-facts.mjs';
import { installPackages } from './setup-packages.mjs';
import { missingPackages, planSetup } from './setup-plan.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const quiet = process.argv.includes('--quiet');
const wanted = { consul: !process.argv.includes('--without-consul') };

/** @param {string} line */
function say(line) {
  console.log(`set-up: ${line}`);
}

/**
 * @param {readonly string[]} sentences
 * @returns {never}
 */
function giveUp(sentences) {
  for (const sentence of sentences) console.error(`set-up: ${sentence}`);
  process.exit(1);
}

function installModules() {
  say('npm ci');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (npm.status !== 0) giveUp([`npm ci failed (${npm.error?.message ?? `code ${npm.status}`})`]);
}

const plan = planSetup(await lookAround(root, wanted));
if (plan.refusal.length > 0) giveUp(plan.refusal);
try {
  for (const step of plan.steps) {
    if (step.kind === 'packages') installPackages(step, say);
    else if (step.kind === 'consul') bringConsul(root, say);
    else installModules();
  }
} catch (error) {
  giveUp([error instanceof Error ? error.message : String(error)]);
}

if (plan.steps.length === 0) {
  if (!quiet) say('nothing to do');
} else {
  const after = await lookAround(root, wanted);
  const still = missingPackages(after);
  if (still.length > 0)
    giveUp([`still missing after the installation: what ${still.join(', ')} should have brought.`]);
  if (planSetup(after).refusal.length > 0) giveUp(planSetup(after).refusal);
  if (after.consul === 'absent') giveUp(['Consul is still missing after it was unpacked.']);
  say('done');
}
