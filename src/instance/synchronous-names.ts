import { Problem } from '../core/problem.ts';
import { placeholderName } from '../core/failover/eligibility.ts';

/**
 * The value of `synchronous_standby_names` that requires *all* of `names`: `FIRST n (…)` with exactly n of them; never a
 * spare, never `*`, never ANY (with a spare, a deposed master goes on acknowledging after the candidate has left). No name:
 * the empty string, commits wait for nobody.
 *
 * @throws Problem `config_invalid` for a name that PostgreSQL would read as something else, or one that stands twice.
 */
export function synchronousNamesValue(names: readonly string[]): string {
  const bad = names.find((name) => name !== placeholderName && !isStandbyName(name));
  if (bad !== undefined) {
    throw new Problem(
      'config_invalid',
      `synchronous names: "${bad}" cannot be a node's name; use letters, digits, ".", "_" and "-".`,
    );
  }
  if (new Set(names.map((name) => name.toLowerCase())).size !== names.length) {
    throw new Problem('config_invalid', `synchronous names: ${names.join(', ')} names a node twice.`);
  }
  return names.length === 0 ? '' : `FIRST ${names.length} (${names.map((name) => `"${name}"`).join(', ')})`;
}

/** The names that a value of the form above requires. */
export function parseSynchronousNames(value: string): readonly string[] {
  return [...value.matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? '');
}

function isStandbyName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name);
}
