import { accountIdOf, isParked } from './layout.ts';
import { type Formers, formerVariables, lackingOn, renamedBack } from './former-variables.ts';
import { goneVariables, parkedVariables } from './gone-variables.ts';
import { keptAccounts } from './kept-accounts.ts';
import type { AccountWork, Report, SafePlan, VariableContent } from './plan.ts';
import type { DriftPolicy, RemovalPolicy } from './rules.ts';
import type { SourceAccount } from './source-state.ts';
import type { KnownAccount, TargetVariable } from './target-state.ts';
import type { WantedAccount, WantedSafe } from './wanted.ts';
import { withheldRemovals } from './withheld-removals.ts';

export interface SafeInput<A extends SourceAccount> {
  readonly lob: string;
  readonly safe: string;
  readonly branch: string;
  readonly wanted: WantedSafe<A>;
  /** What lies in the safe's branch, by path below it. */
  readonly there: ReadonlyMap<string, TargetVariable>;
  readonly removal: RemovalPolicy;
  readonly drift: DriftPolicy;
  /** What was left behind for an account; null: nothing is known, or nothing is believed. */
  readonly known: (key: string) => KnownAccount | null;
  /** What an account was called when it was synchronized last; null: nobody knows. */
  readonly nameBefore: (key: string) => string | null;
}

export interface SafeDiff<A extends SourceAccount> {
  readonly plan: SafePlan;
  readonly accounts: readonly AccountWork<A>[];
  readonly unchanged: number;
  readonly reports: readonly Report[];
}

/** What is found out about a safe, variable by variable. */
type Findings = {
  readonly [list in 'create' | 'permit' | 'enable' | 'rekey' | 'replace']: SafePlan[list][number][];
} & { readonly reports: Report[] };

/** What is known of all accounts of a safe together. */
interface Overview {
  readonly formers: Formers;
  /** Whether what there is of an account stays as it is. */
  readonly isKept: (account: string) => boolean;
}

/** Compares one safe that was read whole with its branch. */
export function diffSafe<A extends SourceAccount>(input: SafeInput<A>): SafeDiff<A> {
  const { branch, wanted, there, removal } = input;
  const isKept = keptAccounts(wanted, there);
  const overview = { formers: formerVariables(wanted, there, input.nameBefore), isKept };
  const findings: Findings = {
    create: [],
    permit: [],
    enable: [],
    rekey: [],
    replace: [],
    reports: [...wanted.reports],
  };
  const accounts: AccountWork<A>[] = [];
  let unchanged = 0;
  for (const each of wanted.accounts) {
    const variables = accountVariables(input, overview, each, findings);
    const isAsItWas = variables.every(({ holds }) => holds === 'own') && isAsLeft(input, each);
    const { account, key } = each;
    if (isAsItWas) unchanged += 1;
    else if (variables.length > 0)
      accounts.push({ account, key, lob: input.lob, safe: input.safe, variables });
  }
  const gone = wanted.hidesOne ? [] : goneVariables({ wanted, there, isKept });
  const { reports, ...lists } = findings;
  reports.push(...withheldRemovals(branch, 'account_unread', dueOf(input, doubtfullyGone(input))));
  if (removal === 'retain') {
    for (const { path } of gone) reports.push({ code: 'retained', identifier: `${branch}/${path}` });
  }
  const plan: SafePlan = {
    lob: input.lob,
    safe: input.safe,
    branch,
    ...lists,
    parked: parkedVariables({ wanted, there, isKept }),
    disable: removal === 'disable' ? dueOf(input, gone) : [],
    remove: removal === 'delete' ? dueOf(input, gone) : [],
  };
  return { plan, accounts, unchanged, reports };
}

/** The variables of an account that may be written, and on the way what has to be done about them. */
function accountVariables<A extends SourceAccount>(
  input: SafeInput<A>,
  overview: Overview,
  wanted: WantedAccount<A>,
  findings: Findings,
): AccountWork<A>['variables'] {
  return [...wanted.variables].flatMap(([property, path]) => {
    const holds = judgePresent(input, overview, wanted, { property, path }, findings);
    return holds === null ? [] : [{ property, identifier: `${input.branch}/${path}`, holds }];
  });
}

/** What is in a variable before the pass; null: it is foreign, or stays with another account, and nothing is done about it. */
function judgePresent<A extends SourceAccount>(
  input: SafeInput<A>,
  { formers, isKept }: Overview,
  { account, key, accountsAnnotation }: WantedAccount<A>,
  { property, path }: { readonly property: string; readonly path: string },
  findings: Findings,
): VariableContent | null {
  const { branch, there } = input;
  const present = there.get(path);
  const identifier = `${branch}/${path}`;
  if (present !== undefined && present.account === null) {
    findings.reports.push({ code: 'variable_foreign', identifier });
    return null;
  }
  const former = formers.get(key)?.get(property);
  if (present?.account === key) {
    const names = { before: input.nameBefore(key), now: account.name };
    const before = renamedBack(there, { key, property }, former, names);
    if (before !== null && !isParked(before.path))
      findings.reports.push({ code: 'renamed', from: `${branch}/${before.path}`, to: identifier });
    const permits = lackingOn(present, [...(before?.permits ?? []), ...(former?.parked ?? [])]);
    keepPresent(input, { path, account: key, accountsAnnotation, permits }, present, findings);
    return 'own';
  }
  if (present !== undefined && present.account !== null && isKept(present.account)) {
    findings.reports.push({ code: 'name_held', identifier, account: accountIdOf(present.account) });
    return null;
  }
  if (former !== undefined && !isParked(former.path))
    findings.reports.push({ code: 'renamed', from: `${branch}/${former.path}`, to: identifier });
  const variable = { path, account: key, accountsAnnotation, permits: former?.permits ?? [] };
  if (present === undefined) {
    findings.create.push(variable);
    return 'nothing';
  }
  findings.reports.push({ code: 'name_reused', identifier });
  const reused = { ...variable, formerAccount: present.account ?? '' };
  const isOfGroupsAlone = variable.permits.length + present.foreignPermits.length === 0;
  if (isOfGroupsAlone && !present.disabled) {
    findings.rekey.push(reused);
    return 'another';
  }
  findings.replace.push(reused);
  return 'nothing';
}

/** A variable that holds the account's own value: it is opened again, and permissions that are missing are given again. */
function keepPresent<A extends SourceAccount>(
  { branch, drift }: SafeInput<A>,
  variable: SafePlan['enable'][number],
  present: TargetVariable,
  findings: Findings,
): void {
  if (present.disabled) {
    findings.enable.push(variable);
    return;
  }
  const { path, account, permits } = variable;
  const isMended = !present.permitted && drift === 'repair';
  if (!present.permitted)
    findings.reports.push({ code: 'permits_lost', identifier: `${branch}/${path}`, mended: isMended });
  if (isMended || permits.length > 0) findings.permit.push({ path, account, ofGroups: isMended, permits });
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

/** Of what is gone, that with which something is to be done. */
function dueOf<A extends SourceAccount>(
  { removal, there }: SafeInput<A>,
  gone: SafePlan['remove'],
): SafePlan['remove'] {
  if (removal === 'retain') return [];
  return removal === 'delete' ? gone : gone.filter(({ path }) => there.get(path)?.disabled === false);
}

/** What would be gone, if it were sure that the account which could not be read is none of them. */
function doubtfullyGone<A extends SourceAccount>({ wanted, there }: SafeInput<A>): SafePlan['remove'] {
  if (!wanted.hidesOne) return [];
  const isKept = keptAccounts({ ...wanted, hidesOne: false }, there);
  return goneVariables({ wanted, there, isKept });
}
