import type { ConjurClient } from '../../client/client.ts';
import { readSecretBytes } from '../../client/secrets.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import type { NewVariable } from '../../core/sync/plan.ts';
import { trialLoads } from '../../core/sync/safe-loads.ts';
import { isSeen } from '../target/read-target.ts';
import { takeLooks } from '../target/take-looks.ts';
import { madeBy, tryPolicy } from './try-policy.ts';

/**
 * Which of the variables that are to be made are there already, by path. One that may not be seen looks as if it were not there, and
 * a load would give it our annotations and let the groups of the safe read it. A trial of a load that makes it and nothing else tells;
 * servers that know no trials are asked for each one: for its record, and then for its value in a batch, which is refused (403) where
 * it is there, and not found (404) where it is not.
 */
export async function findThere(
  reader: ConjurClient,
  writer: () => ConjurClient,
  branch: string,
  variables: readonly NewVariable[],
): Promise<ReadonlySet<string>> {
  const there = new Set(variables.map(({ path }) => path));
  for (const load of trialLoads(branch, variables)) {
    const trial = await tryPolicy(writer(), load);
    if (trial === null) return findSingly(reader, branch, variables);
    if (!trial.valid) throw refused(branch, trial.faults[0]?.message ?? 'it is refused');
    const made = madeBy(trial);
    for (const path of there)
      if (made.has(`${reader.account}:variable:${branch}/${path}`)) there.delete(path);
  }
  return there;
}

function refused(branch: string, why: string): Problem {
  return new Problem('api_invalid', `Cannot try the policy ${branch}: ${why}`);
}

async function findSingly(
  reader: ConjurClient,
  branch: string,
  variables: readonly NewVariable[],
): Promise<ReadonlySet<string>> {
  const there = new Set<string>();
  await takeLooks(
    variables.map(({ path }) => async () => {
      const identifier = `${branch}/${path}`;
      if ((await isSeen(reader, 'variable', identifier)) || (await isRefused(reader, identifier)))
        there.add(path);
    }),
  );
  return there;
}

/** Whether there is a variable that may not be seen: its value is refused then, where that of none is not found. */
async function isRefused(reader: ConjurClient, identifier: string): Promise<boolean> {
  try {
    return (await readSecretBytes(reader, [identifier])).get(identifier) !== null;
  } catch (error) {
    if (isProblem(error, 'api_forbidden')) return true;
    throw error;
  }
}
