import type { ConjurClient } from '../../client/client.ts';
import { listResources } from '../../client/resources.ts';
import { readSecretBytes } from '../../client/secrets.ts';
import { type Layout, safeBranch, variablePath, vaultBranch } from '../../core/sync/layout.ts';
import { idOfRecord } from '../target/decode-resource.ts';
import type { HeldAccount } from './pam-stand-in.ts';

/** Safes with their accounts, by line of business. */
export type HeldLobs = ReadonlyMap<string, ReadonlyMap<string, readonly HeldAccount[]>>;

/** What the target must hold: base64 of each value, by identifier. `properties: basic` is taken for granted. */
export function wantedValues(layout: Layout, lobs: HeldLobs): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>();
  for (const [lob, safes] of lobs) {
    for (const [safe, accounts] of safes) {
      for (const { name, password, userName, address } of accounts) {
        const values = { password, username: userName, address };
        for (const [property, text] of Object.entries(values)) {
          if (text === undefined) continue;
          const identifier = `${safeBranch(layout, lob, safe)}/${variablePath(name, property)}`;
          wanted.set(identifier, Buffer.from(text).toString('base64'));
        }
      }
    }
  }
  return wanted;
}

/** Every variable below the vault's branch with base64 of its value; null: it has none. */
export async function valuesBelow(client: ConjurClient, layout: Layout): Promise<Map<string, string | null>> {
  const filter = { kind: 'variable', search: null, role: null, limit: null, offset: null };
  const ids = (await listResources(client, filter))
    .map((record) => idOfRecord(record)?.identifier ?? '')
    .filter((identifier) => identifier.startsWith(`${vaultBranch(layout)}/`));
  const values = await readSecretBytes(client, ids);
  return new Map(
    ids.map((id) => {
      const value = values.get(id) ?? null;
      return [id, value === null ? null : Buffer.from(value.reveal()).toString('base64')];
    }),
  );
}

/** How the target differs from the source, one sentence each; none: it is equal, and holds nothing else. */
export async function differences(
  client: ConjurClient,
  layout: Layout,
  lobs: HeldLobs,
): Promise<readonly string[]> {
  const wanted = wantedValues(layout, lobs);
  const there = await valuesBelow(client, layout);
  return [
    ...[...wanted.keys()].filter((id) => !there.has(id)).map((id) => `${id} is missing`),
    ...[...there.keys()].filter((id) => !wanted.has(id)).map((id) => `${id} is too much`),
    ...Array.from(wanted)
      .filter(([id, value]) => there.has(id) && there.get(id) !== value)
      .map(([id]) => `${id} has ${there.get(id) === null ? 'no value' : 'another value'}`),
  ];
}
