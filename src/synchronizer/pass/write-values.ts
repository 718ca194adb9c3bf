import { writeSecret } from '../../client/secrets.ts';
import { judgeValue } from '../../core/sync/judge-value.ts';
import type { AccountWork } from '../../core/sync/plan.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import type { ListedAccount, SecretBytes } from '../source/source.ts';
import { digestOf } from '../state/digests.ts';
import { madeVariable } from '../state/state.ts';
import { isBlank } from './blank.ts';
import type { CarryContext } from './carry-context.ts';
import { isSourceFailure } from './ends-pass.ts';
import type { DigestReader, TargetDigests } from './read-digests.ts';
import { lookUp } from './still-ours.ts';
import type { WorkUnit } from './work-units.ts';

export interface ValueContext extends CarryContext {
  /** What is said of an account that is not asked for any more. */
  readonly onSkipped: (work: AccountWork<ListedAccount>) => void;
  readonly onDone: () => Promise<void>;
  readonly readDigests: DigestReader;
}

/** Brings the values of some accounts of a safe to what the source has. What fails is one account's failure. */
export async function writeUnit(
  context: ValueContext,
  { branch, accounts }: WorkUnit<ListedAccount>,
): Promise<void> {
  const together = targetDigests(context, branch, accounts);
  together.catch(() => undefined); // each account hears of it
  for (const work of accounts) {
    const place = { lob: work.lob, branch };
    try {
      if (context.judge.givenUp(place) === null) {
        await writeAccount(context, branch, work, await digestsFor(context, branch, work, together));
        context.judge.succeeded(place);
        context.state.failing.delete(work.key);
      } else {
        lookAgain(context, work);
        context.shaken.add(branch);
        context.onSkipped(work);
      }
    } catch (error) {
      const problem = context.judge.failed(error, place);
      lookAgain(context, work);
      if (isSourceFailure(problem)) comesLast(context, work);
      if (shakes.includes(problem.code)) context.shaken.add(branch);
      // A variable is not there that was left there.
      if (problem.code === 'api_missing') context.doubt(branch);
      context.tally.failures.push({ branch, account: work.account.name, fault: problem.detail });
    }
    await context.onDone();
  }
}

/** Failures that say of a source that it may not be itself, and not of one account that it has no such value. */
const shakes: readonly ProblemCode[] = [
  'source_unanswered',
  'source_unavailable',
  'source_unauthenticated',
  'source_unexpected',
];

/** The next pass takes the account up again; until then, nothing is taken away of what it had. */
function lookAgain(
  { state, failedAccounts, ahead }: ValueContext,
  { key }: AccountWork<ListedAccount>,
): void {
  failedAccounts.add(key);
  const left = state.accounts.get(key);
  if (left !== undefined) state.accounts.set(key, { ...left, revision: null, comparedAtMs: null });
  ahead.settleAccount(key);
}

/** Behind all others from now on, and behind those that failed before it. */
function comesLast({ state }: ValueContext, { key }: AccountWork<ListedAccount>): void {
  state.failing.delete(key);
  state.failing.add(key);
}

/** What a server may say of many variables because of one of them. */
const mayBeOfOne: readonly ProblemCode[] = [
  'api_forbidden',
  'api_invalid',
  'api_too_large',
  'body_too_large',
];

/** Those of the whole unit, or of the account alone where one of the others may not be read. */
async function digestsFor(
  context: ValueContext,
  branch: string,
  work: AccountWork<ListedAccount>,
  together: Promise<TargetDigests>,
): Promise<TargetDigests> {
  try {
    return await together;
  } catch (error) {
    if (!isProblem(error) || !mayBeOfOne.includes(error.code)) throw error;
    return targetDigests(context, branch, [work]);
  }
}

function targetDigests(
  { readDigests, state, compares, held }: ValueContext,
  branch: string,
  accounts: readonly AccountWork<ListedAccount>[],
): Promise<TargetDigests> {
  const ids = accounts
    .filter(({ key }) => compares(key, branch) || (state.accounts.get(key)?.comparedAtMs ?? null) === null)
    .flatMap(({ variables }) => variables)
    .filter(({ holds, identifier }) => holds === 'own' && !held.has(identifier))
    .map(({ identifier }) => identifier);
  return readDigests(branch, ids);
}

async function writeAccount(
  context: ValueContext,
  branch: string,
  work: AccountWork<ListedAccount>,
  there: TargetDigests,
): Promise<void> {
  const { dryRun, tally, state, compares, nowMs, held, ahead } = context;
  const { account, key, safe, variables } = work;
  if (dryRun && variables.every(({ holds }) => holds === 'nothing')) {
    for (const { identifier } of variables) tally.written.push(identifier);
    return;
  }
  const values = await account.read(context.signal);
  const believesLeft = !mayBeStale(context, branch, account, key);
  const refused: string[] = [];
  for (const variable of variables) {
    const value = values.get(variable.property);
    if (value === undefined)
      throw new Problem(
        'source_unexpected',
        `${variable.property}: the account is listed with it, and has it no more.`,
      );
    const fault = await writeVariable(context, { ...variable, branch, key, value, believesLeft }, there);
    if (fault !== null) refused.push(`${variable.property}: ${fault}`);
  }
  if (refused.length > 0) throw new Problem('source_refused', refused.join(' '));
  context.verified.add(key);
  if (dryRun) return;
  const { name, revision, properties } = account;
  const comparedAtMs = compares(key, branch) ? nowMs : (state.accounts.get(key)?.comparedAtMs ?? null);
  // What was not written is looked at again, should it turn out to be ours.
  const isWhole = variables.every(({ identifier }) => held.get(identifier) !== 'foreign');
  const seen = isWhole ? { revision, comparedAtMs } : { revision: null, comparedAtMs: null };
  state.accounts.set(key, { safe, name, properties: [...properties], ...seen });
  ahead.settleAccount(key);
}

/**
 * Whether what was left says nothing about an account: the source has changed since, and another leader may have written in between. So
 * a difference is no drift.
 */
function mayBeStale(
  { state, compares, takesOver }: ValueContext,
  branch: string,
  { revision }: ListedAccount,
  key: string,
): boolean {
  if (!takesOver || !compares(key, branch)) return false;
  return revision === null || revision !== state.accounts.get(key)?.revision;
}

/** Why a variable has not the value of the source; null: it has, or is not ours. */
async function writeVariable(
  context: ValueContext,
  { identifier, holds, branch, key, value, believesLeft }: VariableWork,
  there: TargetDigests,
): Promise<string | null> {
  const { dryRun, tally, state, digestKey, drift, held } = context;
  if (held.get(identifier) === 'foreign') return leaveForeign(context, key);
  if (held.get(identifier) === 'waits')
    return isBlank(value.reveal()) ? emptyFault : 'it waits for the policy of its safe.';
  const source = digestOf(digestKey, identifier, value.reveal());
  const left = believesLeft ? (state.variables.get(identifier)?.digest ?? null) : null;
  const target = holds === 'own' ? there.get(identifier) : null;
  const verdict = judgeValue({ source, left, target }, drift);
  if (verdict === 'drifted') {
    tally.drifted.push(identifier);
    state.drifted.add(identifier);
  }
  if (verdict === 'same' && typeof target === 'string') state.drifted.delete(identifier);
  if (verdict === 'same' && left !== source) remember(context, identifier, key, source);
  if (verdict === 'same' || verdict === 'drifted') return null;
  // What this pass has not made itself may have become somebody else's.
  if (holds === 'own' || (holds === 'another' && !dryRun)) {
    const found = await lookUp(context, branch, identifier, key);
    if (found === 'foreign') return leaveForeign(context, key);
    if (found === 'other') return 'it is not as it was left; the next pass looks at its safe.';
  }
  const fault = dryRun ? null : await write(context, identifier, key, value);
  if (fault !== null) return fault;
  (verdict === 'mend' ? tally.mended : tally.written).push(identifier);
  if (!dryRun) remember(context, identifier, key, source);
  return null;
}

/** It is reported already, and is no failure; but nothing is taken away of what the account had elsewhere. */
function leaveForeign({ failedAccounts }: ValueContext, key: string): null {
  failedAccounts.add(key);
  return null;
}

type VariableWork = AccountWork<ListedAccount>['variables'][number] & {
  readonly branch: string;
  readonly key: string;
  readonly value: SecretBytes;
  /** Whether the digest that was left is that of what was written last. */
  readonly believesLeft: boolean;
};

const emptyFault = 'the value is empty, which no variable can hold.';

/** Why a value can never be stored as it is; null: it is stored. */
async function write(
  { authority, state, ahead }: ValueContext,
  identifier: string,
  key: string,
  value: SecretBytes,
): Promise<string | null> {
  if (isBlank(value.reveal())) return emptyFault;
  const left = state.variables.get(identifier);
  if (left !== undefined) state.variables.set(identifier, { ...left, digest: null }); // until it is answered
  ahead.beginAccount(key);
  try {
    await writeSecret(authority.writer(), identifier, value);
    return null;
  } catch (error) {
    if (error instanceof Problem && (error.code === 'api_too_large' || error.code === 'api_invalid'))
      return error.detail;
    throw error;
  }
}

function remember({ state }: ValueContext, identifier: string, account: string, digest: string): void {
  state.drifted.delete(identifier);
  const left = state.variables.get(identifier) ?? madeVariable(account);
  state.variables.set(identifier, { ...left, account, digest });
}
