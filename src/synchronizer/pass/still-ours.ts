import { readVariable } from '../target/read-target.ts';
import { takeLooks } from '../target/take-looks.ts';
import type { CarryContext } from './carry-context.ts';

/**
 * Those of some variables that hold the value of the account that they are believed to, looked up now. Of others nothing is
 * remembered any more: one without our annotation is reported, and the next pass looks at the safe.
 */
export async function stillOurs<T extends { readonly path: string; readonly account: string }>(
  context: CarryContext,
  branch: string,
  variables: readonly T[],
): Promise<readonly T[]> {
  const ours = new Set<string>();
  await takeLooks(
    variables.map(({ path, account }) => async () => {
      if ((await lookUp(context, branch, `${branch}/${path}`, account)) === 'ours') ours.add(path);
    }),
  );
  return variables.filter(({ path }) => ours.has(path));
}

/** What one variable is now: `ours` with the value of the account, `foreign`, or `other` than was left. */
export async function lookUp(
  { reader, layout, state, tally, held, doubt }: CarryContext,
  branch: string,
  identifier: string,
  account: string,
): Promise<'ours' | 'foreign' | 'other'> {
  const found = await readVariable(reader, layout, identifier);
  if (found?.account === account) return 'ours';
  state.variables.delete(identifier);
  doubt(branch);
  const isForeign = found?.account === null;
  if (!held.has(identifier)) {
    if (isForeign) tally.reports.push({ code: 'variable_foreign', identifier });
    held.set(identifier, isForeign ? 'foreign' : 'waits');
  }
  return isForeign ? 'foreign' : 'other';
}
