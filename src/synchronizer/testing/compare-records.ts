import type { ConjurClient } from '../../client/client.ts';
import { recordOf } from '../../client/refusal.ts';
import { type ApiRecord, listResources } from '../../client/resources.ts';
import { type Layout, safeBranch, variablePath } from '../../core/sync/layout.ts';
import { escapeName } from '../../core/sync/names.ts';
import { idOfRecord } from '../target/decode-resource.ts';
import type { HeldAccount } from './pam-stand-in.ts';
import type { HeldLobs } from './compare.ts';

/** Roles that people let in to the passwords of some accounts: full ids, by line of business and account id (`lob/id`). */
export type LetIn = ReadonlyMap<string, readonly string[]>;

/**
 * How annotations and permissions of the variables of a vault differ from what its accounts ask for, one sentence each; none: each
 * variable is annotated as its account's, and may be read by the groups of its safe and whoever was let in to the account, and by
 * nobody else.
 */
export async function recordDifferences(
  client: ConjurClient,
  layout: Layout,
  lobs: HeldLobs,
  letIn: LetIn,
): Promise<readonly string[]> {
  const filter = { kind: 'variable', search: null, role: null, limit: null, offset: null };
  const records = new Map(
    (await listResources(client, filter)).map((record) => [idOfRecord(record)?.identifier ?? '', record]),
  );
  return Array.from(lobs).flatMap(([lob, safes]) =>
    Array.from(safes).flatMap(([safe, accounts]) =>
      accounts.flatMap((held) =>
        propertiesOf(held).flatMap((property) => {
          const identifier = `${safeBranch(layout, lob, safe)}/${variablePath(held.name, property)}`;
          const record = records.get(identifier);
          if (record === undefined) return [`${identifier} is missing`];
          const roles = property === 'password' ? (letIn.get(`${lob}/${held.id}`) ?? []) : [];
          return [
            ...told(identifier, 'annotations', annotationsOf(record), [
              'cyberark-vault: true',
              `cyberark-vault/accounts: ${[layout.vault, safe, held.name].map(escapeName).join('/')}`,
              `holdfast-sync/account: ${escapeName(lob)}/${escapeName(held.id)}`,
            ]),
            ...told(identifier, 'permissions', permissionsOf(record), [
              ...['execute', 'read'].map((privilege) => `consumers ${privilege}`),
              'viewers read',
              ...roles.flatMap((role) => [`${role} execute`, `${role} read`]),
            ]),
          ];
        }),
      ),
    ),
  );
}

function propertiesOf({ userName, address }: HeldAccount): readonly string[] {
  return [
    'password',
    ...(userName === undefined ? [] : ['username']),
    ...(address === undefined ? [] : ['address']),
  ];
}

function told(
  identifier: string,
  what: string,
  there: readonly string[],
  wanted: readonly string[],
): readonly string[] {
  const [has, lacks] = [there.toSorted().join(', '), wanted.toSorted().join(', ')];
  return has === lacks ? [] : [`${identifier} has the ${what} ${has}; wanted: ${lacks}`];
}

/** But for the mark of what was disabled once, which says that it is not. */
function annotationsOf(record: ApiRecord): readonly string[] {
  return entries(record['annotations'])
    .map(({ name, value }) => `${String(name)}: ${String(value)}`)
    .filter((text) => text !== 'holdfast-sync/disabled: false');
}

/** With the groups of the safe by their last name. */
function permissionsOf(record: ApiRecord): readonly string[] {
  return entries(record['permissions']).map(({ role, privilege }) => {
    const [, group] = /:group:.*\/delegation\/(consumers|viewers)$/u.exec(String(role)) ?? [];
    return `${group ?? String(role)} ${String(privilege)}`;
  });
}

function entries(list: unknown): readonly ApiRecord[] {
  return Array.isArray(list) ? list.map((entry) => recordOf(entry) ?? {}) : [];
}
