/**
 * What becomes of variables whose account is gone: `retain` leaves them as they are, `disable` takes the safe's groups their
 * privileges, `delete` deletes them with their values.
 */
export type RemovalPolicy = 'retain' | 'disable' | 'delete';

export const removalPolicies: readonly RemovalPolicy[] = ['retain', 'disable', 'delete'];

export interface RemovalRules {
  readonly policy: RemovalPolicy;
  /** How many variables may be removed (disabled, deleted, or given to another account) within 24 hours; 0: none. */
  readonly most: number;
  /** The same as a part of those that are ours, in percent; one variable may always go, unless it is 0. */
  readonly mostPercent: number;
}

/** The time over which removals are added up. */
export const removalWindowMs: number = 24 * 3_600_000;

/** What is done about a value, or a permission of the safe's groups, that somebody else changed in one of our variables. */
export type DriftPolicy = 'repair' | 'report';

/**
 * How many variables a pass may remove of `owned`.
 *
 * @param lately how many were removed within the last `removalWindowMs`
 */
export function removalCap({ most, mostPercent }: RemovalRules, owned: number, lately: number): number {
  if (mostPercent === 0) return 0;
  const before = owned + lately; // a part of what there was, not of what is left
  const cap = Math.min(most, Math.max(1, Math.floor((before * mostPercent) / 100)));
  return Math.max(0, cap - lately);
}
