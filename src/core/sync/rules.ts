/**
 * What becomes of variables whose account is gone: `retain` leaves them as they are, `disable` takes the safe's groups their
 * privileges, `delete` deletes them with their values.
 */
export type RemovalPolicy = 'retain' | 'disable' | 'delete';

export const removalPolicies: readonly RemovalPolicy[] = ['retain', 'disable', 'delete'];

export interface RemovalRules {
  readonly policy: RemovalPolicy;
  /** How many variables one pass may disable or delete. */
  readonly most: number;
  /** The same as a part of those that are ours, in percent; one variable may always go. */
  readonly mostPercent: number;
}

/** What is done about a value that somebody else wrote into one of our variables. */
export type DriftPolicy = 'repair' | 'report';

/** How many variables may be removed of `owned`. */
export function removalCap({ most, mostPercent }: RemovalRules, owned: number): number {
  return Math.min(most, Math.max(1, Math.floor((owned * mostPercent) / 100)));
}
