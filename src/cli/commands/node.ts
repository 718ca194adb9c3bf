import type { Command } from 'commander';
import { apiSettingDocs } from '../../core/api-settings-read.ts';
import type { ApiSettings } from '../../core/api-settings.ts';
import { Problem } from '../../core/problem.ts';
import { addDir, logLevels, oneOf } from '../arguments/node-arguments.ts';
import { wholeNumber } from '../arguments/numbers.ts';
import type { CliContext } from '../context.ts';

interface NodeCommandArguments {
  readonly dir: string;
  readonly workers: number;
  readonly logLevel?: string;
}

const examples = `
Environment (the same on every node):
${apiSettingDocs.map(({ name, about, fallback }) => `  ${name} (${fallback})\n      ${about.replaceAll('`', '')}`).join('\n')}

Runs in the foreground and logs JSON lines on standard error. SIGTERM and Ctrl-C end it in order: a master hands over
to a standby first.`;

export function addNode(program: Command, context: CliContext): void {
  const command = program
    .command('node')
    .summary("run this machine's node")
    .description('Runs the node that "holdfast init" or "holdfast join" made: databases, etcd and API.');
  addDir(command, context)
    .option(
      '--log-level <level>',
      `${logLevels.join(', ')} (as the node was made)`,
      oneOf('--log-level', logLevels),
    )
    .option(
      '--workers <count>',
      'processes that serve the API: one for each core that it may keep busy',
      wholeNumber('--workers', 1, 8),
      1,
    )
    .addHelpText('after', examples)
    .action(async ({ dir, workers, logLevel }: NodeCommandArguments) => {
      // This process becomes the guardian: it loads nothing else, and decides by itself what signals mean.
      const { runGuardian } = await import('../../agent/guardian.ts');
      const apiSettings = requireApiSettings(context);
      process.exitCode = await runGuardian({
        dir,
        apiSettings,
        workers,
        ...(logLevel === undefined ? {} : { logLevel }),
      });
    });
}

/** @throws Problem `config_invalid` with every fault of the environment */
function requireApiSettings({ environment }: CliContext): ApiSettings {
  const reading = environment.apiSettings;
  if (reading.ok) return reading.settings;
  throw new Problem(
    'config_invalid',
    `The environment of this node is not right. ${reading.faults.join('. ')}.`,
  );
}
