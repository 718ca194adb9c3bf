import type { Command } from 'commander';
import { createAccount, deleteAccount, listAccounts } from '../../client/accounts.ts';
import { Problem } from '../../core/problem.ts';
import { addDir } from '../arguments/node-arguments.ts';
import { withMaster } from '../connection/with-master.ts';
import type { CliContext } from '../context.ts';
import { ask, hasPerson } from '../input/terminal-question.ts';
import { plain } from '../render/plain.ts';
import { jsonText } from '../render/json-text.ts';

interface DirArguments {
  readonly dir: string;
  readonly json?: true;
}

interface DeleteArguments extends DirArguments {
  readonly yes?: true;
}

/** A little longer than the server gives itself to delete a large account. */
const timeoutMs = 310_000;

/** `holdfast account …`: with the certificate of a node, at the master. */
export function addAccount(program: Command, context: CliContext): void {
  const group = program
    .command('account')
    .summary('create, list, delete accounts')
    .description('Accounts: each has its own users, policies, secrets and signing key. Run these on a node.');
  addCreate(group, context);
  addDelete(group, context);
  const list = group
    .command('list')
    .summary('list the accounts')
    .description('Lists the accounts of the cluster.');
  addDir(list, context)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  holdfast account list')
    .action(({ dir, json }: DirArguments) =>
      withMaster(dir, timeoutMs, async (door) => {
        const names = await listAccounts(door);
        if (json) context.answer(jsonText(names));
        else if (names.length > 0) context.answer(names.map(plain).join('\n'));
      }),
    );
}

function addCreate(group: Command, context: CliContext): void {
  const command = group
    .command('create')
    .summary('create an account')
    .description('Creates an account. Prints the API key of its user "admin" on standard output, once.')
    .argument(
      '<name>',
      'without spaces, colons and slashes; "!": the account whose roles may manage accounts by the API',
    );
  addDir(command, context)
    .option('--json', 'name and API key as JSON')
    .addHelpText('after', '\nExample:\n  holdfast account create shop >shop-admin.key')
    .action((name: string, { dir, json }: DirArguments) =>
      withMaster(dir, timeoutMs, async (door) => {
        const apiKey = (await createAccount(door, name)).reveal();
        context.say(`✓ The account ${plain(name)} is there; its user is "admin".`);
        context.answer(json ? jsonText({ id: name, api_key: apiKey }) : apiKey);
      }),
    );
}

const deleteExamples = `
Users, policies, secrets, keys: all are gone for good, and so are the tokens that were issued. The account's name has to be
typed again, or --yes given.

Example:
  holdfast account delete shop`;

function addDelete(group: Command, context: CliContext): void {
  const command = group
    .command('delete')
    .summary('delete an account and everything in it')
    .description('Deletes an account with everything in it.')
    .argument('<name>', 'the account');
  addDir(command, context)
    .option('-y, --yes', 'do not ask; needed where there is no terminal')
    .addHelpText('after', deleteExamples)
    .action((name: string, { dir, yes }: DeleteArguments) =>
      withMaster(dir, timeoutMs, async (door, firstAccount) => {
        if (yes !== true) await requireConsent(name, firstAccount);
        await deleteAccount(door, name);
        context.say(`✓ The account ${plain(name)} is gone.`);
      }),
    );
}

/** @throws Problem `usage` */
async function requireConsent(name: string, firstAccount: string): Promise<void> {
  if (!hasPerson()) {
    throw new Problem(
      'usage',
      '--yes: nobody can be asked here, for want of a terminal; say --yes to delete the account.',
    );
  }
  const which =
    name === firstAccount ? `${plain(name)} is the account that this cluster was made with. ` : '';
  const typed = await ask(`${which}Everything in it will be gone for good. Type its name to delete it: `);
  if (typed !== name)
    throw new Problem('usage', 'name: what was typed is not the name; nothing was deleted.');
}
