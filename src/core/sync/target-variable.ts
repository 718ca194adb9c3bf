import { isFullId, splitFullId } from '../ids.ts';
import { annotations, safePrivileges } from './layout.ts';
import type { ForeignPermit, TargetVariable } from './target-state.ts';

const noPermits: readonly ForeignPermit[] = [];

/**
 * A variable of a safe from what the server tells of it.
 *
 * @param branch of the variable's safe: exactly what `safePrivileges` gives its groups is no foreign permission
 */
export function targetVariable(
  branch: string,
  annotation: (name: string) => string | null,
  permits: readonly ForeignPermit[],
): TargetVariable {
  const given = safePrivileges(branch);
  const isGiven = ({ role, privilege }: ForeignPermit): boolean =>
    isFullId(role) &&
    given.some(
      ({ group, privileges }) =>
        splitFullId(role).kind === 'group' &&
        splitFullId(role).identifier === group &&
        privileges.includes(privilege),
    );
  const foreign = permits.filter((permit) => !isGiven(permit));
  const wanted = given.reduce((sum, { privileges }) => sum + privileges.length, 0);
  return {
    account: annotation(annotations.account),
    disabled: annotation(annotations.disabled) === 'true',
    permitted: permits.length - foreign.length >= wanted,
    // One and the same list where there is nothing, of thousands of variables.
    foreignPermits: foreign.length === 0 ? noPermits : foreign,
  };
}
