import type { NewVariable } from '../../core/sync/plan.ts';
import { readVariable } from '../target/read-target.ts';
import { takeLooks } from '../target/take-looks.ts';
import type { CarryContext } from './carry-context.ts';

/**
 * Holds variables that were to be made and are there already. One that may not be seen, or lacks our annotation, is somebody else's,
 * and is reported. One that has it was missed when the target was read: it waits for the next pass, which looks at its safe.
 */
export async function setAside(
  { reader, layout, held, tally, doubt }: CarryContext,
  branch: string,
  variables: readonly NewVariable[],
): Promise<void> {
  const missed = new Set<string>();
  await takeLooks(
    variables.map(({ path }) => async () => {
      const found = await readVariable(reader, layout, `${branch}/${path}`);
      if (found !== null && found.account !== null) missed.add(path);
    }),
  );
  if (missed.size > 0) doubt(branch);
  for (const { path } of variables) {
    const identifier = `${branch}/${path}`;
    held.set(identifier, missed.has(path) ? 'waits' : 'foreign');
    if (!missed.has(path)) tally.reports.push({ code: 'variable_foreign', identifier });
  }
}
