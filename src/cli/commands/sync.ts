import { type Command, Option } from 'commander';
import { addApiOptions } from '../arguments/api-arguments.ts';
import { path } from '../arguments/node-arguments.ts';
import { wholeNumber } from '../arguments/numbers.ts';
import type { CliContext } from '../context.ts';
import { interruptible } from '../interrupt.ts';
import { renderFindings } from '../render/findings.ts';
import { jsonText } from '../render/json-text.ts';
import { type SyncAcceptArguments, syncAcceptRemovals } from './sync-accept.ts';
import { type SyncEnrollArguments, syncEnroll } from './sync-enroll.ts';
import { type SyncInitArguments, syncInit } from './sync-init.ts';
import { syncOnce, type SyncOnceArguments } from './sync-once.ts';
import { type SyncPauseArguments, syncPause, syncResume } from './sync-pause.ts';
import { type SyncRunArguments, syncRun } from './sync-run.ts';
import { type SyncStatusArguments, syncStatus } from './sync-status.ts';

interface ConfigArguments {
  readonly config: string;
  readonly json?: true;
}

const usualConfig = '/etc/holdfast/sync.yml';

/** `holdfast sync …`. */
export function addSync(program: Command, context: CliContext): void {
  const group = program
    .command('sync')
    .summary('bring the accounts of a vault here, and keep them current')
    .description(
      'Brings the accounts of a vault (CyberArk PAM, HashiCorp Vault, OpenBao, a directory of files) into the API, and keeps them current.',
    );
  addMakers(group, context);
  withConfig(group.command('once').summary('one pass'))
    .description('Brings over what changed since the last pass; from time to time, everything is compared.')
    .option('--safe <name>', 'this safe alone')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--full', 'compare everything now')
    .option(
      '--accept-removals <number>',
      'let this pass remove so many variables',
      wholeNumber('--accept-removals', 0, 10_000_000),
    )
    .addHelpText('after', '\nExit code 1 when something failed, was not read, or too much would be removed.')
    .action((given: SyncOnceArguments) => syncOnce(given, context));
  configOf(group.command('run').summary('pass after pass, until it is told to stop'))
    .description(
      'Makes a pass at the interval "every" of the configuration. With a block "election" there, only while it leads: several synchronizers take turns.',
    )
    .addOption(
      new Option('--protocol <name>', 'of the election, in place of what the configuration says').choices([
        'fenced',
        'published',
      ]),
    )
    .action((given: SyncRunArguments) => syncRun(given));
  withConfig(group.command('status').summary('what became of the last pass'))
    .description(
      'Shows whether a synchronizer runs and as what, what the last pass did in each safe, and what is not as it should be.',
    )
    .option('--safe <name>', 'this safe alone, by its name or branch')
    .option('--account <name>', 'accounts of this name alone')
    .addHelpText('after', '\nExit code 1 when there was no pass, something failed, or nothing is called so.')
    .action((given: SyncStatusArguments) => syncStatus(given, context));
  configOf(group.command('pause').summary('rest until resumed'))
    .description(
      'Lets the synchronizer of this state directory rest, also across restarts. A leader gives leadership up; its pass ends before the next write.',
    )
    .option('--because <text>', 'why, for others to read')
    .action((given: SyncPauseArguments) => syncPause(given, context));
  configOf(group.command('resume').summary('go on after a pause'))
    .description('Ends a pause. A synchronizer that runs makes a pass at once, if it may.')
    .action((given: SyncPauseArguments) => syncResume(given, context));
  configOf(group.command('accept-removals').summary('let the next pass remove more'))
    .description(
      'Lets the next pass of the "sync run" of this state directory remove so many variables, where it stopped because they are too many. Said where the synchronizer runs that leads.',
    )
    .argument('<number>', 'of variables, as "sync status" has it', wholeNumber('NUMBER', 0, 10_000_000))
    .addHelpText('after', '\nExample:\n  holdfast sync accept-removals 812')
    .action((removals: number, given: SyncAcceptArguments) => syncAcceptRemovals(removals, given, context));
  withConfig(group.command('doctor').summary('try each connection and permission'))
    .description('Tries each connection and permission that a pass needs, and names what is missing.')
    .addHelpText('after', '\nExit code 1 when there is a fault.')
    .action((given: ConfigArguments) => doctor(given, context));
}

/** What an administrator does once. */
function addMakers(group: Command, context: CliContext): void {
  const init = group
    .command('init')
    .summary('make the policies that synchronizers need')
    .description(
      'Loads the policies that elections between synchronizers need into root. What is there already stays; it can be repeated.',
    )
    .option(
      '--config <file>',
      "of the synchronizer: makes its vault's branch, too, and lets the writers write to it",
      path('--config'),
    )
    .addOption(
      new Option('--protocol <name>', 'of the election; unless said, that of the configuration').choices([
        'fenced',
        'published',
      ]),
    )
    .option('--dry-run', 'show the policies, and load none');
  addApiOptions(init)
    .addHelpText('after', '\nExample:\n  holdfast sync init --config /etc/holdfast/sync.yml --login admin')
    .action((given: SyncInitArguments) => syncInit(given, context));
  const enroll = group
    .command('enroll')
    .summary('make the host of one synchronizer')
    .description(
      'Makes a host that may take part in elections, and writes its API key into a file that only you can read.',
    )
    .argument('<name>', 'of the synchronizer')
    .option('--key-file <file>', 'for the API key; unless said, NAME.key', path('--key-file'))
    .option('--rotate', 'the host is there already: give it a new API key');
  addApiOptions(enroll)
    .addHelpText('after', '\nExample:\n  holdfast sync enroll sync1 --key-file /etc/holdfast/sync.key')
    .action((name: string, given: SyncEnrollArguments) => syncEnroll(name, given, context));
}

function withConfig(command: Command): Command {
  return configOf(command).option('--json', 'as JSON');
}

function configOf(command: Command): Command {
  return command.option('--config <file>', 'the configuration, YAML', path('--config'), usualConfig);
}

async function doctor(given: ConfigArguments, context: CliContext): Promise<void> {
  const [{ readConfigFile }, { examineSync }] = await Promise.all([
    import('../../synchronizer/config/open-sync.ts'),
    import('../../synchronizer/doctor/doctor.ts'),
  ]);
  const config = await readConfigFile(given.config);
  const findings = await interruptible((signal) => examineSync(config, signal));
  context.answer(given.json ? jsonText(findings) : renderFindings(findings, context.style));
  if (findings.some(({ level }) => level === 'fault')) process.exitCode = 1;
}
