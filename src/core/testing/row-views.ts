import type { LoadMode } from '../policy/types.ts';
import { freshDatabase, loaded } from './load.ts';
import type { RowDatabase } from './row-database.ts';

/** The database after some loads, none of which may be refused. */
export function after(...loads: readonly (readonly [LoadMode, string, string?])[]): RowDatabase {
  return loads.reduce((db, [mode, text, policy]) => loaded(db, mode, text, policy), freshDatabase());
}

/** The owner of a resource, and below what else tests look at, as short text. */
export const owner = (db: RowDatabase, id: string): string | undefined =>
  db.resources.get(`a:${id}`)?.ownerId;
export const has = (db: RowDatabase, id: string): boolean => db.resources.has(`a:${id}`);
export const grants = (db: RowDatabase): string[] =>
  [...db.memberships.values()]
    .filter((row) => !row.ownership)
    .map((row) => `${row.roleId} ${row.memberId} ${row.adminOption}`);
export const owners = (db: RowDatabase, id: string): string[] =>
  [...db.memberships.values()]
    .filter((row) => row.ownership && row.roleId === `a:${id}`)
    .map((row) => row.memberId);
export const permits = (db: RowDatabase): string[] =>
  [...db.permissions.values()].map((row) => `${row.roleId} ${row.privilege} ${row.resourceId}`);
export const notes = (db: RowDatabase): string[] =>
  [...db.annotations.values()].map((row) => `${row.name}=${row.value}`);
