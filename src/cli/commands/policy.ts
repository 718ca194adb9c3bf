import { type Command, Option } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { ConjurClient } from '../../client/client.ts';
import {
  dryRunPolicy,
  fetchPolicy,
  type LoadedPolicy,
  loadPolicy,
  type PolicyMode,
} from '../../client/policies.ts';
import { addApiOptions, type ApiArguments } from '../arguments/api-arguments.ts';
import { oneOf } from '../arguments/node-arguments.ts';
import { wholeNumber } from '../arguments/numbers.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { readGivenBytes } from '../input/given-bytes.ts';
import { ask, hasPerson } from '../input/terminal-question.ts';
import { isEmptyDiff, policyDiff } from '../render/policy-diff.ts';
import { renderDiff } from '../render/policy-diff-text.ts';
import { plain, withoutAccount } from '../render/plain.ts';
import { renderTable } from '../render/table.ts';

interface PolicyArguments extends ApiArguments {
  readonly branch: string;
  readonly file?: string;
  readonly json?: true;
}

interface LoadArguments extends PolicyArguments {
  readonly yes?: true;
}

interface DiffArguments extends PolicyArguments {
  readonly mode: PolicyMode;
}

interface FetchArguments extends PolicyArguments {
  readonly depth?: number;
  readonly limit?: number;
}

/** The server's own limit for a policy. */
const policyLimitBytes = 10 * 1024 * 1024;
const modes = ['load', 'update', 'replace'] as const;

const modeTexts: Readonly<Record<PolicyMode, { readonly summary: string; readonly description: string }>> = {
  load: {
    summary: 'add to a policy',
    description: 'Adds what the file declares to a policy. What is there already stays as it is.',
  },
  update: {
    summary: 'add to a policy, change and delete in it',
    description:
      'Adds and changes what the file declares, and deletes what it names with !delete, !revoke and !deny.',
  },
  replace: {
    summary: 'make a policy exactly what a file says',
    description:
      'Makes a policy exactly what the file declares: everything else in it is deleted, with its secrets.',
  },
};

/** `holdfast policy …`. */
export function addPolicy(program: Command, context: CliContext): void {
  const group = program
    .command('policy')
    .summary('load, fetch and compare policies')
    .description('Policies: who there is, which secrets there are, and who may do what with them.');
  for (const mode of modes) addMode(group, mode, context);
  addDiff(group, context);
  addFetch(group, context);
}

function addMode(group: Command, mode: PolicyMode, context: CliContext): void {
  const command = withText(group.command(mode).summary(modeTexts[mode].summary))
    .description(modeTexts[mode].description)
    .option('-y, --yes', 'do not ask; needed where there is no terminal')
    .option('--json', 'what was made as JSON, with the API keys');
  addApiOptions(command)
    .addHelpText(
      'after',
      `
Shows first what would change, and asks. New users and hosts get API keys, which are printed this once.

Examples:
  holdfast policy ${mode} -b root -f root.yml
  holdfast policy ${mode} -b apps/shop -f shop.yml --yes --json >keys.json`,
    )
    .action((given: LoadArguments) =>
      withApi(given, context, (client) => change(client, mode, given, context)),
    );
}

async function change(
  client: ConjurClient,
  mode: PolicyMode,
  given: LoadArguments,
  context: CliContext,
): Promise<void> {
  if (given.yes !== true && !hasPerson()) {
    throw new Problem(
      'usage',
      '--yes: nobody can be asked here, for want of a terminal; say --yes to apply the policy unseen.',
    );
  }
  const policy = { branch: given.branch, mode, text: await readText(given) };
  const changes = await tried(client, policy);
  const diff = policyDiff(changes, client.account);
  context.say(renderDiff(diff, context.errorStyle));
  if (
    given.yes !== true &&
    !isEmptyDiff(diff) &&
    !/^y(es)?$/iu.test((await ask(`Apply this to ${plain(given.branch)}? [y/N] `)).trim())
  ) {
    context.say('Nothing was changed.');
    process.exitCode = 1;
    return;
  }
  const loaded = await loadPolicy(client, policy);
  for (const warning of loaded.warnings) context.say(`! ${plain(warning)}`);
  context.say(`✓ ${plain(given.branch)} is at version ${loaded.version}.`);
  answerRoles(loaded, given, client, context);
}

function answerRoles(
  { version, createdRoles }: LoadedPolicy,
  { json }: LoadArguments,
  { account }: ConjurClient,
  context: CliContext,
): void {
  if (json) {
    const roles = createdRoles.map(({ id, apiKey }) => [id, { id, api_key: apiKey.reveal() }] as const);
    context.answer(JSON.stringify({ created_roles: Object.fromEntries(roles), version }, null, 2));
    return;
  }
  if (createdRoles.length === 0) return;
  const heading = ['ROLE', 'API KEY'].map((text) => ({ text, paint: context.style.faint }));
  const rows = createdRoles.map(({ id, apiKey }) => [
    { text: plain(withoutAccount(id, account)) },
    { text: apiKey.reveal() },
  ]);
  context.say('· The API keys of new roles are shown this once:');
  context.answer(renderTable([heading, ...rows]).join('\n'));
}

function addDiff(group: Command, context: CliContext): void {
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
        const changes = await tried(client, { branch, mode, text: await readText(given) });
        context.answer(
          given.json
            ? JSON.stringify(changes, null, 2)
            : renderDiff(policyDiff(changes, client.account), context.style),
        );
      }),
    );
}

function addFetch(group: Command, context: CliContext): void {
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

/** @throws Problem `api_invalid` with every fault and its place */
async function tried(
  client: ConjurClient,
  policy: Parameters<typeof dryRunPolicy>[1],
): Promise<Parameters<typeof policyDiff>[0]> {
  const outcome = await dryRunPolicy(client, policy);
  if (outcome.valid) return outcome.changes;
  const faults = outcome.faults.map(({ line, column, message }) => {
    const place = line > 0 ? `line ${line}, column ${column}: ` : '';
    return `${place}${plain(message.replaceAll(/\s+/gu, ' ').trim())}`;
  });
  throw new Problem('api_invalid', `--file: the policy cannot be loaded. ${faults.join('; ')}`);
}

async function readText({ file }: PolicyArguments): Promise<string> {
  const bytes = await readGivenBytes({ option: '--file', file, limitBytes: policyLimitBytes });
  if (bytes === null)
    throw new Problem('usage', '--file: name the file with the policy, or - for standard input.');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('usage', '--file: the policy is not UTF-8 text.');
  }
}

function withText(command: Command): Command {
  return withBranch(command).option('-f, --file <file>', 'file with the policy, YAML; -: standard input');
}

function withBranch(command: Command): Command {
  return command.requiredOption('-b, --branch <branch>', 'the policy, as root or apps/shop');
}
