import { type FullId, kindOf } from '../ids.ts';
import type { Rows } from './plan-rows.ts';
import type { DependentRow } from './types.ts';

/** The roles and resources that go, in the order in which they were found: what goes first stands first. */
export interface Gone {
  readonly roles: ReadonlySet<FullId>;
  readonly resources: ReadonlySet<FullId>;
}

/** Everything a deletion can run along. */
export interface CascadeGround {
  /** Rows known by key; a row here hides the dependent of the same id. */
  readonly rows: Pick<Rows, 'roles' | 'resources'>;
  readonly dependents: readonly DependentRow[];
  /** Owners that differ from those in `rows`. */
  readonly owners: ReadonlyMap<FullId, FullId>;
}

/**
 * What goes when `roots` go: a role takes the resources that it owns, a policy the roles and resources that were loaded
 * into it, and a resource that is taken along takes its role. Linear in the rows.
 */
export function cascade(roots: Gone, ground: CascadeGround): Gone {
  const { owned, loaded } = edgesOf(ground);
  const roles = new Set(roots.roles);
  const resources = new Set(roots.resources);
  const queue: Step[] = [...[...roles].map(asRole), ...[...resources].map(asResource)];
  const take = (step: Step): void => {
    const set = step.isRole ? roles : resources;
    if (set.has(step.id)) return;
    set.add(step.id);
    queue.push(step);
  };
  for (let index = 0; index < queue.length; index += 1) {
    const step = queue[index];
    if (step === undefined) break;
    if (step.isRole) {
      for (const id of owned.get(step.id) ?? []) {
        take(asResource(id));
        take(asRole(id));
      }
    } else if (kindOf(step.id) === 'policy') {
      for (const next of loaded.get(step.id) ?? []) take(next);
    }
  }
  return { roles, resources };
}

interface Step {
  readonly id: FullId;
  readonly isRole: boolean;
}

function asRole(id: FullId): Step {
  return { id, isRole: true };
}

function asResource(id: FullId): Step {
  return { id, isRole: false };
}

interface Edges {
  readonly owned: ReadonlyMap<FullId, readonly FullId[]>;
  readonly loaded: ReadonlyMap<FullId, readonly Step[]>;
}

function edgesOf({ rows, dependents, owners }: CascadeGround): Edges {
  const owned = new Map<FullId, FullId[]>();
  const loaded = new Map<FullId, Step[]>();
  const resource = (id: FullId, ownerId: FullId, policyId: FullId | null): void => {
    push(owned, owners.get(id) ?? ownerId, id);
    if (policyId !== null) push(loaded, policyId, asResource(id));
  };
  for (const row of rows.resources.values()) resource(row.resourceId, row.ownerId, row.policyId);
  for (const row of rows.roles.values())
    if (row.policyId !== null) push(loaded, row.policyId, asRole(row.roleId));
  for (const row of dependents) {
    if (row.ownerId !== null && !rows.resources.has(row.id))
      resource(row.id, row.ownerId, row.resourcePolicyId);
    if (row.rolePolicyId !== null && !rows.roles.has(row.id)) push(loaded, row.rolePolicyId, asRole(row.id));
  }
  return { owned, loaded };
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
