import type { Command } from 'commander';
import { path } from './node-arguments.ts';

/** Where the API is and who one is, as far as the command line says. */
export interface ApiArguments {
  readonly url?: string;
  readonly account?: string;
  readonly caFile?: string;
  readonly login?: string;
  readonly dir?: string;
}

/** Adds the options that every command of the API has, in a group of their own. Add a command's own before. */
export function addApiOptions(command: Command): Command {
  return addAddressOptions(command).option('--login <login>', 'who one is: alice, host/app/web');
}

/** The same for a command that needs no login, or takes it as an argument. */
export function addAddressOptions(command: Command): Command {
  return command
    .optionsGroup('Where and who ("holdfast login" remembers it):')
    .option('--url <url>', 'the API, as https://vault.example.com (env HOLDFAST_URL)')
    .option('--account <name>', 'account there (env HOLDFAST_ACCOUNT)')
    .option(
      '--ca-file <file>',
      "authority of the server's certificate, PEM (env HOLDFAST_CA_FILE)",
      path('--ca-file'),
    )
    .option('--dir <dir>', "instead: a node's directory, for its cluster (env HOLDFAST_DIR)", path('--dir'));
}
