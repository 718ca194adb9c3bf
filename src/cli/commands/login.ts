import type { Command } from 'commander';
import { logIn } from '../../client/identity.ts';
import { addAddressOptions, type ApiArguments } from '../arguments/api-arguments.ts';
import { removeSession, writeSession } from '../connection/session-file.ts';
import { withAddress } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { readGivenSecret } from '../input/given-secret.ts';
import { plain } from '../render/plain.ts';

interface LoginArguments extends ApiArguments {
  readonly passwordFile?: string;
}

const examples = `
The password (or the API key, which a host has instead) is asked for, or comes by --password-file or standard input.
What is remembered is the API key, in a file that only you can read: $XDG_CONFIG_HOME/holdfast/session.json, or
~/.config/holdfast/session.json.

Examples:
  holdfast login alice --url https://vault.example.com --account default --ca-file ca.crt
  holdfast login admin --dir /var/lib/holdfast <admin.key       on a node, right after "holdfast init"`;

export function addLogin(program: Command, context: CliContext): void {
  const login = program
    .command('login')
    .summary('log in to the API')
    .description('Logs in with a password or an API key, and remembers it for the commands that follow.')
    .argument('<login>', 'alice, host/app/web')
    .option('--password-file <file>', 'file with the password or API key; -: standard input');
  addAddressOptions(login)
    .addHelpText('after', examples)
    .action((name: string, given: LoginArguments) =>
      withAddress(given, context, async (door, address) => {
        const password = await readGivenSecret({
          option: '--password-file',
          file: given.passwordFile,
          prompt: `Password or API key of ${plain(name)}`,
        });
        const apiKey = await logIn(door, { account: address.account, login: name, password });
        await writeSession(context.environment.api.sessionFile, { ...address, login: name, apiKey });
        context.say(`✓ Logged in as ${plain(name)} at ${address.url} (account ${address.account}).`);
      }),
    );
  program
    .command('logout')
    .summary('forget who is logged in')
    .description('Removes what "holdfast login" remembered. Example: holdfast logout')
    .action(async () => {
      const known = await removeSession(context.environment.api.sessionFile);
      context.say(known ? '✓ Logged out.' : 'Nobody was logged in.');
    });
}
