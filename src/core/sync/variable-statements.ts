import type { Tagged } from '../policy/effective-rows.ts';
import { copiedPermits } from './copied-permits.ts';
import { annotations, safePrivileges } from './layout.ts';
import type { GoneVariable, NewVariable, PermitVariable } from './plan.ts';
import { tagged } from './policy-load.ts';

/** Variables that are ours, with who is let in to them. */
export function newVariables(
  branch: string,
  variables: readonly NewVariable[],
  more: Readonly<Record<string, string>>,
): readonly Tagged[] {
  const paths = variables.map(({ path }) => path);
  return [
    ...ownedVariables(variables, more),
    ...safePermissions('permit', branch, paths),
    ...copiedPermits(variables),
  ];
}

/** Variables that are ours, with nobody let in. */
export function ownedVariables(
  variables: readonly NewVariable[],
  more: Readonly<Record<string, string>> = {},
): readonly Tagged[] {
  return variables.map(({ path, account, accountsAnnotation }) =>
    tagged('variable', {
      id: path,
      annotations: {
        names: new Map([
          [annotations.fromVault, 'true'],
          [annotations.accounts, accountsAnnotation],
          [annotations.account, account],
          ...Object.entries(more),
        ]),
      },
    }),
  );
}

export function missingPermits(branch: string, variables: readonly PermitVariable[]): readonly Tagged[] {
  const paths = variables.filter(({ ofGroups }) => ofGroups).map(({ path }) => path);
  return [
    ...(paths.length === 0 ? [] : safePermissions('permit', branch, paths)),
    ...copiedPermits(variables),
  ];
}

export function disabling(branch: string, paths: readonly string[]): readonly Tagged[] {
  const names = new Map([[annotations.disabled, 'true']]);
  return [
    ...paths.map((id) => tagged('variable', { id, annotations: { names } })),
    ...safePermissions('deny', branch, paths),
  ];
}

export function deletions(variables: readonly Pick<GoneVariable, 'path'>[]): readonly Tagged[] {
  return variables.map(({ path }) => tagged('delete', { record: { tag: 'variable', value: path } }));
}

function safePermissions(
  tag: 'permit' | 'deny',
  branch: string,
  paths: readonly string[],
): readonly Tagged[] {
  const resources: readonly Tagged[] = paths.map((value) => ({ tag: 'variable', value }));
  return safePrivileges(branch).map(({ group, privileges }) =>
    tagged(tag, { role: { tag: 'group', value: `/${group}` }, privileges, resources }),
  );
}
