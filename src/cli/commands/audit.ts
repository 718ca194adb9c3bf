import { type Command, Option } from 'commander';
import { listAudit } from '../../client/audit.ts';
import { fullId } from '../../core/ids.ts';
import { addApiOptions, type ApiArguments } from '../arguments/api-arguments.ts';
import { pointInTime } from '../arguments/instant.ts';
import { readNamed } from '../arguments/named.ts';
import { wholeNumber } from '../arguments/numbers.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { renderRecords } from '../render/audit.ts';
import { jsonText } from '../render/json-text.ts';
import { addAuditExport } from './audit-export.ts';
import { addAuditFollow } from './audit-follow.ts';
import { addAuditVerify } from './audit-verify.ts';

interface ListArguments extends ApiArguments {
  readonly resource?: string;
  readonly role?: string;
  readonly entity?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
  readonly offset?: number;
  readonly json?: true;
}

const most = 2 ** 31 - 1;
const usualLimit = 100;

/** `holdfast audit …` */
export function addAudit(program: Command, context: CliContext): void {
  const group = program
    .command('audit')
    .summary('read the audit trail')
    .description(
      'The audit trail: who did what, when, from where, and what came of it. Whoever is logged in may list what it could know of; follow, export and verify, on a node, are for the whole trail.',
    );
  addAuditList(group, context);
  addAuditFollow(group, context);
  addAuditExport(group, context);
  addAuditVerify(group, context);
}

const listExamples = `
You see records about roles and resources that you may see or have, and what you did yourself; as admin, or as owner of the
root policy, all of the account.

Examples:
  holdfast audit list --resource variable:db/password --since 7d
  holdfast audit list --role user:alice --since 2026-01-31T12:00:00Z --until 2026-02-01 --json`;

function addAuditList(group: Command, context: CliContext): void {
  const command = group
    .command('list')
    .summary('list records that one may read')
    .description('Lists records of the audit trail that you may read, the newest first.')
    .option('--resource <kind:id>', 'about this resource')
    .option('--role <kind:id>', 'about this role, or done by it')
    .option('--entity <kind:id>', 'about this role or resource, or done by it')
    .option(
      '--since <time>',
      'from then on: 2026-01-31T12:00:00Z, or 2h for two hours ago',
      pointInTime('--since'),
    )
    .option('--until <time>', 'before then', pointInTime('--until'))
    .addOption(
      new Option('--limit <number>', 'at most so many')
        .argParser(wholeNumber('--limit', 1, most))
        .default(usualLimit),
    )
    .option('--offset <number>', 'leave out so many of the newest', wholeNumber('--offset', 0, most))
    .option('--json', 'as JSON, with all that the API says of each');
  addApiOptions(command)
    .addHelpText('after', listExamples)
    .action((given: ListArguments) =>
      withApi(given, context, async (client) => {
        const id = (option: string, text: string | undefined): string | null =>
          text === undefined ? null : idOf(option, text, client.account);
        const found = await listAudit(client, {
          resource: id('--resource', given.resource),
          role: id('--role', given.role),
          entity: id('--entity', given.entity),
          since: given.since ?? null,
          until: given.until ?? null,
          limit: given.limit,
          offset: given.offset ?? null,
        });
        if (given.json) context.answer(jsonText(found));
        else if (found.length > 0) context.answer(renderRecords(found, client.account, context.style));
        else context.say('There are no such records that you may read.');
      }),
    );
}

function idOf(option: string, text: string, account: string): string {
  const { kind, identifier } = readNamed(option, text, account);
  return fullId(account, kind, identifier);
}
