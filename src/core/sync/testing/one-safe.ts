import { loaded } from '../../testing/load.ts';
import type { Layout } from '../layout.ts';
import type { SyncPlan } from '../plan.ts';
import type { SourceLob } from '../source-state.ts';
import { carryOut, type ModelAccount, type ModelTarget } from './model-target.ts';

export function account(
  id: string,
  name: string,
  values: Readonly<Record<string, string>> = { password: 'x' },
): ModelAccount {
  return { id, name, values, properties: Object.keys(values), revision: null };
}

export function oneSafe(...accounts: readonly ModelAccount[]): readonly SourceLob<ModelAccount>[] {
  return [
    { name: 'l', safes: { ok: true, value: [{ name: 's', accounts: { ok: true, value: accounts } }] } },
  ];
}

/** Permits a role of its own on a variable, in the root policy, as people do. */
export function letIn(target: ModelTarget, path: string, app: string): void {
  target.db = loaded(
    target.db,
    'append',
    `- !host ${app}\n- !permit {role: !host ${app}, privileges: [read, execute], resource: !variable 'corp/l/s/${path}'}`,
  );
}

/** The hosts that may execute a variable by a permission of their own. */
export function appsOf(target: ModelTarget, path: string): readonly string[] {
  return [...target.db.permissions.values()]
    .filter(
      ({ resourceId, privilege }) => resourceId === `a:variable:corp/l/s/${path}` && privilege === 'execute',
    )
    .flatMap(({ roleId }) => (roleId.startsWith('a:host:') ? [roleId.slice(7)] : []))
    .sort();
}

/** Carries a plan out until it has taken so many steps; what was remembered is lost with who did it, but for names where `keeps` says so. */
export function endEarly(
  target: ModelTarget,
  layout: Layout,
  plan: SyncPlan<ModelAccount>,
  steps: number,
  onStep: () => void,
  keeps: 'names' | 'nothing' = 'nothing',
): void {
  const end = new Error('it ends here');
  let left = steps;
  const step = (): void => {
    onStep();
    if (left === 0) throw end;
    left -= 1;
  };
  try {
    carryOut(target, layout, plan, 'repair', { onStep: step });
  } catch (error) {
    if (error !== end) throw error;
  }
  if (keeps === 'nothing') target.names.clear();
  target.left.clear();
}
