import type { ConjurClient } from '../../client/client.ts';
import { type DryRun, dryRunPolicy, type PolicyText } from '../../client/policies.ts';
import { isProblem } from '../../core/problem.ts';
import { maybeUnseen } from './maybe-unseen.ts';

/** What a load would make and change; null: the server knows no trials. */
export async function tryPolicy(client: ConjurClient, policy: PolicyText): Promise<DryRun | null> {
  try {
    return await dryRunPolicy(client, policy);
  } catch (error) {
    if (isProblem(error, 'api_not_allowed')) return null;
    throw maybeUnseen(error);
  }
}

/** The full ids that a trial would make: only what is nowhere yet, seen or not, is made. */
export function madeBy(trial: DryRun): ReadonlySet<unknown> {
  return new Set(trial.valid ? trial.changes.created.map(({ identifier }) => identifier) : []);
}
