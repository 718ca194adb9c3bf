import type { Command } from 'commander';
import type { ConjurClient } from '../../client/client.ts';
import { listAllRoles, listMembers, listMemberships, type Named, showRole } from '../../client/resources.ts';
import { addApiOptions, type ApiArguments } from '../arguments/api-arguments.ts';
import { readNamed } from '../arguments/named.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { renderFields } from '../render/fields.ts';
import { plain, withoutAccount } from '../render/plain.ts';
import { renderGrants } from '../render/resources.ts';
import { jsonText } from '../render/json-text.ts';

interface RoleArguments extends ApiArguments {
  readonly json?: true;
}

interface MembershipsArguments extends RoleArguments {
  readonly direct?: true;
}

export function addRole(program: Command, context: CliContext): void {
  const group = program
    .command('role')
    .summary('show a role, its members, its memberships')
    .description('Roles: users, hosts, groups, layers, policies.');
  const show = describe(group, 'show', 'show a role', 'Shows a role: since when it exists, and its members.');
  addApiOptions(show).action(onRole(context, showAnswer));
  const members = describe(
    group,
    'members',
    'list who has a role directly',
    'Lists who has a role directly: by a grant, or by owning it.',
  );
  addApiOptions(members).action(onRole(context, membersAnswer));
  const memberships = describe(
    group,
    'memberships',
    'list which roles a role has',
    'Lists all roles that a role has, through others too, itself included.',
  ).option('--direct', 'only those that were granted to it directly, and how');
  addApiOptions(memberships).action(onRole(context, membershipsAnswer));
}

function describe(group: Command, name: string, summary: string, description: string): Command {
  return group
    .command(name)
    .summary(summary)
    .description(description)
    .argument('<kind:id>', 'the role, as group:operators')
    .option('--json', 'as JSON')
    .addHelpText('after', `\nExample:\n  holdfast role ${name} group:operators`);
}

/** What to print: the data for --json, and its text for people. */
interface Outcome {
  readonly data: unknown;
  readonly text: string;
}

type Ask<A> = (client: ConjurClient, role: Named, context: CliContext, given: A) => Promise<Outcome>;

function onRole<A extends RoleArguments>(
  context: CliContext,
  ask: Ask<A>,
): (name: string, given: A) => Promise<void> {
  return (name, given) =>
    withApi(given, context, async (client) => {
      const role = readNamed('role', name, client.account);
      const { data, text } = await ask(client, role, context, given);
      context.answer(given.json ? jsonText(data) : text);
    });
}

const showAnswer: Ask<RoleArguments> = async (client, role, { style }) => {
  const data = await showRole(client, role);
  const { id, created_at: createdAt, members } = data;
  const head = renderFields(
    [
      ['id', typeof id === 'string' ? withoutAccount(id, client.account) : id],
      ['created', createdAt],
    ],
    style,
  );
  const grants = Array.isArray(members) ? members : [];
  return { data, text: [...head, '', renderGrants(grants, 'member', client.account, style)].join('\n') };
};

const membersAnswer: Ask<RoleArguments> = async (client, role, { style }) => {
  const data = await listMembers(client, role);
  return { data, text: renderGrants(data, 'member', client.account, style) };
};

const membershipsAnswer: Ask<MembershipsArguments> = async (client, role, { style }, { direct }) => {
  if (direct) {
    const data = await listMemberships(client, role);
    return { data, text: renderGrants(data, 'role', client.account, style) };
  }
  const data = await listAllRoles(client, role);
  return { data, text: data.map((id) => plain(withoutAccount(id, client.account))).join('\n') };
};
