import type { FullId } from '../core/ids.ts';
import { type CallerRole, isCaller } from './access.ts';
import type { Sql } from './connection.ts';
import type { Life, SecretLookups } from './secret-lookups.ts';

/** All roles that a caller has, as they were in one instant. */
export interface Closure {
  /** The epoch of roles and memberships (`rbac_epoch`) in that instant. While it lasts, so does the closure. */
  readonly epoch: string;
  /** Null: the role of the caller is no more. */
  readonly roles: ReadonlySet<string> | null;
  /** The life of the connection that it was read on (`Link.use`): the epochs of another may be those of another database. */
  readonly life: object;
}

/** Ids of roles that are remembered altogether: some 20 MB. */
const rolesLimit = 200_000;

/**
 * Remembers closures under what tells callers apart, the least recently used forgotten first. Nothing here says that a
 * closure still holds: whoever uses one compares its epoch with that of the data it reads.
 */
class ClosureCache {
  readonly #known = new Map<string, Closure>();
  readonly #loading = new Map<string, Promise<Closure>>();
  #size = 0;

  /** The remembered closure, undefined when there is none. */
  known(caller: CallerRole): Closure | undefined {
    const key = keyOf(caller);
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    this.#known.delete(key);
    this.#known.set(key, known); // now the most recently used
    return known;
  }

  /** Remembers the closure that `load` brings; concurrent loads of one caller are one. */
  async learn(caller: CallerRole, load: () => Promise<Closure>): Promise<Closure> {
    const key = keyOf(caller);
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      loading = load().finally(() => {
        if (this.#loading.get(key) === loading) this.#loading.delete(key);
      });
      this.#loading.set(key, loading);
    }
    const closure = await loading;
    this.#remember(key, closure);
    return closure;
  }

  /** Forgets `stale`, which an epoch has told. A newer one stays. */
  forget(caller: CallerRole, stale: Closure): void {
    const key = keyOf(caller);
    if (this.#known.get(key) !== stale) return;
    this.#known.delete(key);
    this.#size -= sizeOf(stale);
  }

  /** Forgets everything, and what is being loaded. */
  clear(): void {
    this.#known.clear();
    this.#loading.clear();
    this.#size = 0;
  }

  #remember(key: string, closure: Closure): void {
    const before = this.#known.get(key);
    if (before !== undefined) this.#size -= sizeOf(before);
    this.#known.delete(key);
    this.#known.set(key, closure);
    this.#size += sizeOf(closure);
    for (const [oldest, { roles }] of this.#known) {
      if (this.#size <= rolesLimit || oldest === key) return;
      this.#known.delete(oldest);
      this.#size -= roles?.size ?? 1;
    }
  }
}

/** The roles that callers have, remembered. */
export interface Closures {
  readonly of: (caller: CallerRole) => Closure | Promise<Closure>;
  /** Whether a closure holds for data that was read with this epoch, over whichever connection. */
  readonly holds: (closure: Closure, epoch: string) => boolean;
  readonly forget: (caller: CallerRole, stale: Closure) => void;
}

/** Remembers closures, and reads them over the connection that secrets are looked up on. */
export function closuresOver(lookups: SecretLookups): Closures {
  const cache = new ClosureCache();
  let newestLife: Life | null = null;
  const load = (caller: CallerRole): Promise<Closure> =>
    lookups.run(async (sql, life) => {
      if (newestLife !== life) cache.clear(); // the database behind it may be another one: rewound, or copied anew
      newestLife = life;
      return readClosure(sql, caller, life);
    });
  return {
    of: (caller) => cache.known(caller) ?? cache.learn(caller, () => load(caller)),
    holds: (closure, epoch) => closure.epoch === epoch && lookups.isAlive(closure.life),
    forget: (caller, stale) => cache.forget(caller, stale),
  };
}

/** Reads a closure and its epoch in one statement, so that they belong to one snapshot. */
async function readClosure(sql: Sql, caller: CallerRole, life: object): Promise<Closure> {
  const [row] = await sql<{ epoch: string; roles: readonly FullId[] | null }[]>`
    with recursive reached(role_id) as (
      select role_id from roles where ${isCaller(sql, caller)}
      union
      select m.role_id from reached r join role_memberships m on m.member_id = r.role_id
    )
    select (select epoch from rbac_epoch) as epoch, (select json_agg(role_id) from reached) as roles`;
  const roles = row?.roles ?? null;
  return { epoch: row?.epoch ?? '', roles: roles === null ? null : new Set(roles), life };
}

function keyOf({ roleId, incarnation, issuedAt }: CallerRole): string {
  return `${incarnation ?? issuedAt} ${roleId}`;
}

function sizeOf({ roles }: Closure): number {
  return roles?.size ?? 1;
}
