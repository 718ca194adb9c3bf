import type { ConjurClient } from '../../client/client.ts';
import { isProblem } from '../../core/problem.ts';
import { type ApiRecord, resourcePages, showResource } from '../../client/resources.ts';
import { type Layout, placeOf, vaultBranch } from '../../core/sync/layout.ts';
import type { TargetState, TargetVariable } from '../../core/sync/target-state.ts';
import { decodePolicy, decodeVariable, idOfRecord } from './decode-resource.ts';

/** Everything in the vault's branch that the synchronizer may see, a page at a time: what is not needed is not kept. */
export async function readTarget(
  client: ConjurClient,
  layout: Layout,
  onRead: (variables: number) => void,
): Promise<TargetState> {
  const policies = new Map<string, { readonly ours: boolean }>();
  const groups = new Set<string>();
  const variables = new Map<string, TargetVariable>();
  await eachBelow(client, layout, 'policy', (identifier, record) =>
    policies.set(identifier, decodePolicy(record)),
  );
  await eachBelow(client, layout, 'group', (identifier) => groups.add(identifier));
  await eachBelow(client, layout, 'variable', (identifier, record) => {
    const place = placeOf(layout, identifier);
    if (place !== null) variables.set(identifier, decodeVariable(record, place.branch));
    if (variables.size % 1000 === 0) onRead(variables.size);
  });
  return { policies, groups, variables };
}

/** One variable as it is now; null when there is none, or it may not be seen. */
export async function readVariable(
  client: ConjurClient,
  layout: Layout,
  identifier: string,
): Promise<TargetVariable | null> {
  const place = placeOf(layout, identifier);
  const record = await recordOrNull(client, 'variable', identifier);
  return place === null || record === null ? null : decodeVariable(record, place.branch);
}

/** One policy as it is now. */
export async function readPolicy(
  client: ConjurClient,
  identifier: string,
): Promise<{ readonly ours: boolean } | null> {
  const record = await recordOrNull(client, 'policy', identifier);
  return record === null ? null : decodePolicy(record);
}

/** Whether there is something of this kind and name that may be seen. */
export async function isSeen(client: ConjurClient, kind: string, identifier: string): Promise<boolean> {
  return (await recordOrNull(client, kind, identifier)) !== null;
}

async function eachBelow(
  client: ConjurClient,
  layout: Layout,
  kind: string,
  take: (identifier: string, record: ApiRecord) => void,
): Promise<void> {
  const branch = vaultBranch(layout);
  const filter = { kind, search: null, role: null, limit: null, offset: null };
  for await (const page of resourcePages(client, filter)) {
    for (const record of page) {
      const identifier = idOfRecord(record)?.identifier;
      if (identifier === branch || identifier?.startsWith(`${branch}/`) === true) take(identifier, record);
    }
  }
}

async function recordOrNull(
  client: ConjurClient,
  kind: string,
  identifier: string,
): Promise<ApiRecord | null> {
  try {
    return await showResource(client, { kind, identifier });
  } catch (error) {
    if (isProblem(error, 'api_missing')) return null;
    throw error;
  }
}
