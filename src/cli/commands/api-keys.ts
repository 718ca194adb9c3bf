import type { Command } from 'commander';
import { fullId, loginOf } from '../../core/ids.ts';
import type { ConjurClient } from '../../client/client.ts';
import { changePassword, rotateKeyOf, rotateOwnKey } from '../../client/identity.ts';
import { addApiOptions, type ApiArguments } from '../arguments/api-arguments.ts';
import type { Connection } from '../connection/choose.ts';
import { readSession, writeSession } from '../connection/session-file.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { readGivenSecret } from '../input/given-secret.ts';
import { plain } from '../render/plain.ts';

interface PasswordArguments extends ApiArguments {
  readonly passwordFile?: string;
}

const rotateText = `
Prints the new key on standard output, once; the old one is worth nothing from then on. Your own, where "holdfast login"
remembers the old one, is remembered instead of printed.`;

/** `holdfast host …`. */
export function addHost(program: Command, context: CliContext): void {
  const group = program
    .command('host')
    .summary('rotate API keys of hosts')
    .description('Hosts: machines and programs that log in.');
  addRotate(group, context, { kind: 'host', example: 'holdfast host rotate-key app/web >web.key' });
}

/** `holdfast user …`. */
export function addUser(program: Command, context: CliContext): void {
  const group = program
    .command('user')
    .summary('rotate API keys, change the password')
    .description('Users: people who log in.');
  addRotate(group, context, { kind: 'user', example: 'holdfast user rotate-key alice >alice.key' });
  const password = group
    .command('password')
    .summary('change the password')
    .description('Gives you another password. The API key stays, and so you stay logged in.')
    .option('--password-file <file>', 'file with the new password; -: standard input');
  addApiOptions(password)
    .addHelpText('after', '\nExample:\n  holdfast user password          asks for it, twice')
    .action((given: PasswordArguments) =>
      withApi(given, context, async (client) => {
        const fresh = await readGivenSecret({
          option: '--password-file',
          file: given.passwordFile,
          prompt: 'New password',
          twice: true,
        });
        await changePassword(client, fresh);
        context.say(`✓ ${plain(loginOf(client.roleId))} has a new password.`);
      }),
    );
}

function addRotate(
  group: Command,
  context: CliContext,
  { kind, example }: { readonly kind: 'user' | 'host'; readonly example: string },
): void {
  const command = group
    .command('rotate-key')
    .summary('replace an API key')
    .description(`Gives a ${kind} a new API key; without an id yourself.`)
    .argument('[id]', `the ${kind}; you must have the privilege update on it`);
  addApiOptions(command)
    .addHelpText('after', `${rotateText}\n\nExample:\n  ${example}`)
    .action((id: string | undefined, given: ApiArguments) =>
      withApi(given, context, async (client, connection) => {
        const role = id === undefined ? client.roleId : fullId(client.account, kind, id);
        if (role === client.roleId) return rotateOwn(client, connection, context);
        const key = await rotateKeyOf(client, { kind, identifier: id ?? '' });
        context.answer(key.reveal());
        context.say(`✓ ${kind} ${plain(id ?? '')} has a new API key.`);
        return undefined;
      }),
    );
}

/** The old key is gone when this returns: the new one must end up somewhere, whatever goes wrong. */
async function rotateOwn(client: ConjurClient, connection: Connection, context: CliContext): Promise<void> {
  const file = context.environment.api.sessionFile;
  const session = await readSession(file);
  const remembered = session?.apiKey.reveal() === connection.apiKey.reveal();
  const apiKey = await rotateOwnKey(client);
  if (!remembered) {
    context.answer(apiKey.reveal());
    context.say('✓ You have a new API key; replace the old one where you keep it.');
    return;
  }
  try {
    await writeSession(file, { ...connection, apiKey });
  } catch (error) {
    context.answer(apiKey.reveal());
    context.say(`! The new API key is on standard output: it could not be remembered in ${file}.`);
    throw error;
  }
  context.say('✓ You have a new API key, and stay logged in with it.');
}
