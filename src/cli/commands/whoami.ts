import type { Command } from 'commander';
import { whoAmI } from '../../client/identity.ts';
import { addApiOptions, type ApiArguments } from '../arguments/api-arguments.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { renderFields } from '../render/fields.ts';
import { jsonText } from '../render/json-text.ts';

interface WhoamiArguments extends ApiArguments {
  readonly json?: true;
}

export function addWhoami(program: Command, context: CliContext): void {
  const command = program
    .command('whoami')
    .summary('show who the API takes one for')
    .description('Shows who the API takes you for, and where it sees you. Example: holdfast whoami')
    .option('--json', 'as JSON');
  addApiOptions(command).action((given: WhoamiArguments) =>
    withApi(given, context, async (client, { url }) => {
      const me = await whoAmI(client);
      if (given.json) {
        context.answer(jsonText({ url, ...me }));
        return;
      }
      const fields = [
        ['login', me.username],
        ['account', me.account],
        ['server', url],
        ['seen at', me.client_ip],
      ] as const;
      context.answer(renderFields(fields, context.style).join('\n'));
    }),
  );
}
