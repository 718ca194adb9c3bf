import type { AccountWork, NewVariable, Report, SafePlan } from './plan.ts';
import type { RemovalPolicy } from './rules.ts';
import type { SourceAccount } from './source-state.ts';
import type { ForeignPermit, KnownAccount, TargetVariable } from './target-state.ts';
import type { WantedAccount, WantedSafe } from './wanted.ts';

export interface SafeInput<A extends SourceAccount> {
  readonly lob: string;
  readonly safe: string;
  readonly branch: string;
  readonly wanted: WantedSafe<A>;
  /** What lies in the safe's branch, by path below it. */
  readonly there: ReadonlyMap<string, TargetVariable>;
  readonly removal: RemovalPolicy;
  /** What was left behind for an account; null: nothing is known, or nothing is believed. */
  readonly known: (key: string) => KnownAccount | null;
}

export interface SafeDiff<A extends SourceAccount> {
  readonly plan: SafePlan;
  readonly accounts: readonly AccountWork<A>[];
  readonly unchanged: number;
  readonly reports: readonly Report[];
}

/** Compares one safe that was read whole with its branch. */
export function diffSafe<A extends SourceAccount>(input: SafeInput<A>): SafeDiff<A> {
  const { branch, wanted, there, removal } = input;
  const reports: Report[] = [...wanted.reports];
  const former = formerVariables(input);
  const create: NewVariable[] = [];
  const enable: NewVariable[] = [];
  const rekey: NewVariable[] = [];
  const accounts: AccountWork<A>[] = [];
  let unchanged = 0;
  for (const { account, key, accountsAnnotation, variables } of wanted.accounts) {
    const written: AccountWork<A>['variables'][number][] = [];
    for (const [property, path] of variables) {
      const present = there.get(path);
      const variable = { path, account: key, accountsAnnotation, permits: [] };
      if (present !== undefined && present.account === null) {
        reports.push({ code: 'variable_foreign', identifier: `${branch}/${path}` });
        continue;
      }
      written.push({ property, identifier: `${branch}/${path}`, isNew: present === undefined });
      if (present === undefined) {
        const before = former.get(key)?.get(property);
        if (before !== undefined)
          reports.push({ code: 'renamed', from: `${branch}/${before.path}`, to: `${branch}/${path}` });
        create.push({ ...variable, permits: before?.permits ?? [] });
        continue;
      }
      if (present.disabled) enable.push(variable);
      if (present.account !== key) {
        rekey.push(variable);
        reports.push({ code: 'name_reused', identifier: `${branch}/${path}` });
      }
    }
    const touched = written.some(
      ({ isNew, identifier }) => isNew || there.get(identifier.slice(branch.length + 1))?.account !== key,
    );
    if (!touched && isAsLeft(input, { account, key })) unchanged += 1;
    else if (written.length > 0)
      accounts.push({ account, key, lob: input.lob, safe: input.safe, variables: written });
  }
  const gone = goneVariables(input);
  if (removal === 'retain') {
    for (const path of gone) reports.push({ code: 'retained', identifier: `${branch}/${path}` });
  }
  const plan: SafePlan = {
    lob: input.lob,
    safe: input.safe,
    branch,
    create,
    enable,
    rekey,
    disable: removal === 'disable' ? gone.filter((path) => there.get(path)?.disabled === false) : [],
    remove: removal === 'delete' ? gone : [],
  };
  return { plan, accounts, unchanged, reports };
}

/** The account has the name, the values and the revision that it had when its last value was written. */
function isAsLeft<A extends SourceAccount>(
  { safe, known }: SafeInput<A>,
  { account, key }: Pick<WantedAccount<A>, 'account' | 'key'>,
): boolean {
  const left = known(key);
  return (
    left !== null &&
    account.revision !== null &&
    left.revision === account.revision &&
    left.safe === safe &&
    left.name === account.name &&
    left.properties.length === account.properties.length &&
    account.properties.every((property) => left.properties.includes(property))
  );
}

interface Former {
  readonly path: string;
  readonly permits: readonly ForeignPermit[];
}

/** For each account that is called otherwise now: its variables under the name before, by property. */
function formerVariables<A extends SourceAccount>({
  wanted,
  there,
}: SafeInput<A>): ReadonlyMap<string, ReadonlyMap<string, Former>> {
  const properties = new Map(
    wanted.accounts.map(({ key, variables }) => [
      key,
      new Map(Array.from(variables, ([property, path]) => [lastPart(path), { property, path }])),
    ]),
  );
  const former = new Map<string, Map<string, Former>>();
  for (const [path, { account, foreignPermits }] of there) {
    const now = account === null ? undefined : properties.get(account)?.get(lastPart(path));
    if (account === null || now === undefined || now.path === path) continue;
    const ofAccount = former.get(account) ?? new Map<string, Former>();
    former.set(account, ofAccount);
    // Of several names before, those who were let in under any of them are let in.
    const earlier = ofAccount.get(now.property)?.permits ?? [];
    ofAccount.set(now.property, { path, permits: [...earlier, ...foreignPermits] });
  }
  return former;
}

/** Ours, in a safe that was read, and wanted by no account. */
function goneVariables<A extends SourceAccount>({ wanted, there }: SafeInput<A>): readonly string[] {
  const paths = new Set(wanted.accounts.flatMap(({ variables }) => [...variables.values()]));
  return Array.from(there).flatMap(([path, { account }]) => {
    const isKept =
      account === null ||
      paths.has(path) ||
      wanted.blockedKeys.has(account) ||
      wanted.blockedNames.has(path.slice(0, path.indexOf('/')));
    return isKept ? [] : [path];
  });
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
