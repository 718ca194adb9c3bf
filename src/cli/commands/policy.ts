import type { Command } from 'commander';
import { isProblem, Problem } from '../../core/problem.ts';
import type { ConjurClient } from '../../client/client.ts';
import { type LoadedPolicy, loadPolicy, type PolicyMode, type PolicyText } from '../../client/policies.ts';
import { addApiOptions } from '../arguments/api-arguments.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { ask, hasPerson } from '../input/terminal-question.ts';
import { plain, withoutAccount } from '../render/plain.ts';
import { policyDiff } from '../render/policy-diff.ts';
import { renderDiff } from '../render/policy-diff-text.ts';
import { renderTable } from '../render/table.ts';
import { addDiff, addFetch } from './policy-look.ts';
import { type PolicyArguments, readPolicyText, tryPolicy, withText } from './policy-text.ts';
import { jsonText } from '../render/json-text.ts';

interface LoadArguments extends PolicyArguments {
  readonly yes?: true;
}

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
      '--yes: nobody can be asked here, for want of a terminal; say --yes to apply the policy all the same.',
    );
  }
  const policy = { branch: given.branch, mode, text: await readPolicyText(given) };
  if (!(await agreed(client, policy, given, context))) {
    context.say('Nothing was changed.');
    process.exitCode = 1;
    return;
  }
  const loaded = await loadPolicy(client, policy);
  for (const warning of loaded.warnings) context.say(`! ${plain(warning)}`);
  context.say(`✓ ${plain(given.branch)} is at version ${loaded.version}.`);
  answerRoles(loaded, given, client, context);
}

/** Shows what would change, and asks whether it may. A server that cannot show it is believed only with --yes. */
async function agreed(
  client: ConjurClient,
  policy: PolicyText,
  { yes }: LoadArguments,
  context: CliContext,
): Promise<boolean> {
  try {
    const diff = policyDiff(await tryPolicy(client, policy), client.account);
    context.say(renderDiff(diff, client.account, context.errorStyle));
    if (yes === true || diff.length === 0) return true;
  } catch (error) {
    if (yes === true && isProblem(error, 'api_not_allowed')) return true;
    throw error;
  }
  return /^y(es)?$/iu.test((await ask(`Apply this to ${plain(policy.branch)}? [y/N] `)).trim());
}

function answerRoles(
  { version, createdRoles }: LoadedPolicy,
  { json }: LoadArguments,
  { account }: ConjurClient,
  context: CliContext,
): void {
  if (json) {
    const roles = createdRoles.map(({ id, apiKey }) => [id, { id, api_key: apiKey.reveal() }] as const);
    context.answer(jsonText({ created_roles: Object.fromEntries(roles), version }));
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
