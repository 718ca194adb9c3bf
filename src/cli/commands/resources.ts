import { type Command, Option } from 'commander';
import { fullId, resourceKinds } from '../../core/ids.ts';
import { checkPrivilege, countResources, listResources, showResource } from '../../client/resources.ts';
import { addApiOptions, type ApiArguments } from '../arguments/api-arguments.ts';
import { readNamed } from '../arguments/named.ts';
import { oneOf } from '../arguments/node-arguments.ts';
import { wholeNumber } from '../arguments/numbers.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { renderResource, renderResources } from '../render/resources.ts';
import { jsonText } from '../render/json-text.ts';

interface ListArguments extends ApiArguments {
  readonly kind?: string;
  readonly search?: string;
  readonly role?: string;
  readonly limit?: number;
  readonly offset?: number;
  readonly count?: true;
  readonly json?: true;
}

interface CheckArguments extends ApiArguments {
  readonly role?: string;
}

const most = 2 ** 31 - 1;

export function addList(program: Command, context: CliContext): void {
  const command = program
    .command('list')
    .summary('list what one may see')
    .description('Lists the resources that you may see, ordered by their ids.')
    .option('-k, --kind <kind>', resourceKinds.join(', '), oneOf('--kind', resourceKinds))
    .option('-s, --search <words>', 'words in the id or in annotations')
    .option('--role <kind:id>', 'what this role may see, of which you are a member')
    .option('--limit <number>', 'at most so many (all)', wholeNumber('--limit', 1, most))
    .option('--offset <number>', 'leave out so many at the beginning', wholeNumber('--offset', 0, most))
    .addOption(new Option('--count', 'only how many there are').conflicts(['limit', 'offset']))
    .option('--json', 'as JSON, with all that the API says of each');
  addApiOptions(command)
    .addHelpText('after', '\nExample:\n  holdfast list --kind variable --search database')
    .action((given: ListArguments) =>
      withApi(given, context, async (client) => {
        const filter = {
          kind: given.kind ?? null,
          search: given.search ?? null,
          role: roleId(given.role, client.account),
          limit: given.limit ?? null,
          offset: given.offset ?? null,
        };
        if (given.count) {
          const count = await countResources(client, filter);
          context.answer(given.json ? JSON.stringify({ count }) : String(count));
          return;
        }
        const found = await listResources(client, filter);
        if (given.json) context.answer(jsonText(found));
        else if (found.length > 0) context.answer(renderResources(found, client.account, context.style));
        else context.say('There is nothing that you may see.');
      }),
    );
}

export function addShow(program: Command, context: CliContext): void {
  const command = program
    .command('show')
    .summary('show a resource')
    .description('Shows a resource: its owner, annotations, and who may do what with it.')
    .argument('<kind:id>', 'as variable:db/password')
    .option('--json', 'as JSON');
  addApiOptions(command)
    .addHelpText('after', '\nExample:\n  holdfast show host:app/web')
    .action((name: string, given: ApiArguments & { readonly json?: true }) =>
      withApi(given, context, async (client) => {
        const resource = await showResource(client, readNamed('resource', name, client.account));
        context.answer(
          given.json ? jsonText(resource) : renderResource(resource, client.account, context.style),
        );
      }),
    );
}

const checkExamples = `
Prints yes and ends with 0, or prints no and ends with 1. What you may not see, or is not there, is a no.

Example:
  holdfast check variable:db/password execute --role host:app/web`;

export function addCheck(program: Command, context: CliContext): void {
  const command = program
    .command('check')
    .summary('ask whether a privilege is held')
    .description('Asks whether you, or another role, have a privilege on a resource.')
    .argument('<kind:id>', 'the resource, as variable:db/password')
    .argument('<privilege>', 'read, execute, update, create, or one of your own')
    .option('--role <kind:id>', 'another role, of which you are a member');
  addApiOptions(command)
    .addHelpText('after', checkExamples)
    .action((name: string, privilege: string, given: CheckArguments) =>
      withApi(given, context, async (client) => {
        const resource = readNamed('resource', name, client.account);
        const role = roleId(given.role, client.account);
        const allowed = await checkPrivilege(client, resource, privilege, role);
        context.answer(allowed ? 'yes' : 'no');
        if (!allowed) process.exitCode = 1;
      }),
    );
}

function roleId(text: string | undefined, account: string): string | null {
  if (text === undefined) return null;
  const { kind, identifier } = readNamed('--role', text, account);
  return fullId(account, kind, identifier);
}
