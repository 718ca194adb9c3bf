import { type Command, Option } from 'commander';
import { fetchPolicy, type PolicyMode } from '../../client/policies.ts';
import { addApiOptions } from '../arguments/api-arguments.ts';
import { oneOf } from '../arguments/node-arguments.ts';
import { wholeNumber } from '../arguments/numbers.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { policyDiff } from '../render/policy-diff.ts';
import { renderDiff } from '../render/policy-diff-text.ts';
import { type PolicyArguments, readPolicyText, tryPolicy, withBranch, withText } from './policy-text.ts';
import { jsonText } from '../render/json-text.ts';

interface DiffArguments extends PolicyArguments {
  readonly mode: PolicyMode;
}

interface FetchArguments extends PolicyArguments {
  readonly depth?: number;
  readonly limit?: number;
}

const modes = ['load', 'update', 'replace'] as const;

/** `holdfast policy diff`. */
export function addDiff(group: Command, context: CliContext): void {
  const command = withText(group.command('diff').summary('show what a file would change'))
    .description('Shows what a file would change in a policy. Nothing is changed.')
    .addOption(
      new Option('-m, --mode <mode>', 'as which command would apply it')
        .choices(modes)
        .default('update')
        .argParser(oneOf('--mode', modes)),
    )
    .option('--json', 'as JSON');
  addApiOptions(command)
    .addHelpText('after', '\nExample:\n  holdfast policy diff -b root -f root.yml --mode replace')
    .action((given: DiffArguments) =>
      withApi(given, context, async (client) => {
        const { branch, mode } = given;
        const changes = await tryPolicy(client, { branch, mode, text: await readPolicyText(given) });
        context.answer(
          given.json
            ? jsonText(changes)
            : renderDiff(policyDiff(changes, client.account), client.account, context.style),
        );
      }),
    );
}

/** `holdfast policy fetch`. */
export function addFetch(group: Command, context: CliContext): void {
  const command = withBranch(group.command('fetch').summary('print the policy in effect'))
    .description(
      'Prints a policy as it is in effect, with all that was loaded below it, as YAML. You must own it.',
    )
    .option('--depth <number>', 'at most so many branches deep', wholeNumber('--depth', 0, 1000))
    .option('--limit <number>', 'at most so many records', wholeNumber('--limit', 1, 1_000_000))
    .option('--json', 'as JSON');
  addApiOptions(command)
    .addHelpText('after', '\nExample:\n  holdfast policy fetch -b root >root.yml')
    .action((given: FetchArguments) =>
      withApi(given, context, async (client) => {
        const { branch } = given;
        const { depth, limit } = { depth: given.depth ?? null, limit: given.limit ?? null };
        const form = given.json ? 'json' : 'yaml';
        context.answer((await fetchPolicy(client, { branch, depth, limit, form })).replace(/\n$/u, ''));
      }),
    );
}
