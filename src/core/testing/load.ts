import assert from 'node:assert/strict';
import { type FullId, fullId, parseFullId } from '../ids.ts';
import { plan } from '../policy/plan.ts';
import { readPolicy } from '../policy/read.ts';
import { resolve } from '../policy/resolve.ts';
import type { LoadMode, Plan, Resolved, Statement } from '../policy/types.ts';
import { applyChange, copyOf, emptyDatabase, fetchCurrent, type RowDatabase } from './row-database.ts';

export const root: FullId = fullId('a', 'policy', 'root');
export const admin: FullId = fullId('a', 'user', 'admin');

/** `text` as a full id of the account `a`: `group:ops`. */
export function idOf(text: string): FullId {
  const id = parseFullId(`a:${text}`);
  assert.ok(id !== null, text);
  return id;
}

/** A database with nothing but admin and the root policy, which admin owns. */
export function freshDatabase(): RowDatabase {
  const db = emptyDatabase();
  for (const id of [admin, root]) {
    db.roles.set(id, { roleId: id, policyId: null });
    db.resources.set(id, { resourceId: id, ownerId: admin, policyId: null });
  }
  db.credentials.set(admin, { roleId: admin, restrictedTo: [] });
  return db;
}

export function statementsOf(text: string): readonly Statement[] {
  const reading = readPolicy(text);
  assert.ok(reading.ok, reading.ok ? '' : `${reading.fault.line}: ${reading.fault.message}`);
  return reading.statements;
}

/** The text as loaded into `policy` (`root`, `app/team`). */
export function resolvedOf(text: string, policy = 'root', owner: FullId = admin): Resolved {
  const resolution = resolve(statementsOf(text), { policyId: fullId('a', 'policy', policy), ownerId: owner });
  assert.ok(resolution.ok, resolution.ok ? '' : resolution.fault.message);
  return resolution.resolved;
}

/** The sentence with which the text is refused before any row is looked at. */
export function resolveFaultOf(text: string, policy = 'root'): string {
  const resolution = resolve(statementsOf(text), { policyId: fullId('a', 'policy', policy), ownerId: admin });
  assert.ok(!resolution.ok, 'expected a fault');
  return `${resolution.fault.line}:${resolution.fault.column} ${resolution.fault.message}`;
}

export function planOf(db: RowDatabase, mode: LoadMode, text: string, policy = 'root'): Plan {
  const resolved = resolvedOf(text, policy, db.resources.get(`a:policy:${policy}`)?.ownerId);
  return plan(resolved, fetchCurrent(db, resolved, mode), mode);
}

/** The database after a load that must not be refused. */
export function loaded(db: RowDatabase, mode: LoadMode, text: string, policy = 'root'): RowDatabase {
  const planned = planOf(db, mode, text, policy);
  assert.deepEqual(planned.refusals, []);
  return applied(db, planned);
}

/** The database after `planned`, with every foreign key checked at every step. */
export function applied(db: RowDatabase, planned: Plan): RowDatabase {
  const after = copyOf(db);
  for (const change of planned.changes) applyChange(after, change);
  for (const { roleId, restrictedTo } of planned.createdRoles) {
    after.credentials.set(roleId, { roleId, restrictedTo });
  }
  return after;
}
