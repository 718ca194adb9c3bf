import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

/**
 * `holdfast elect …` is `holdfast-elect …`, which is small because it loads nothing of this program: so its words go there
 * as they are.
 */
export function addElect(program: Command, context: CliContext, version: string): void {
  program
    .command('elect')
    .summary('elect one leader among the tasks of a service, in Consul')
    .description(
      'Runs the sidecar that elects one leader among the tasks of a service; "status" and "step-down" ask it.',
    )
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[words...]', 'holdfast elect --help explains them')
    .passThroughOptions()
    .action(async (words: readonly string[]) => {
      const { runElectCommand } = await import('../../elector/command.ts');
      const { openStandardError } = await import('../../elector/log-sink.ts');
      const { stopOnSignals } = await import('../../elector/signals.ts');
      const log = openStandardError();
      process.exitCode = await runElectCommand({
        words,
        env: process.env,
        answer: context.answer,
        say: log.write,
        version: () => version,
        signal: stopOnSignals(),
      });
      if (!(await log.flushed(500))) process.exit();
    });
}
