import type { ConjurClient } from '../../client/client.ts';
import { readSecretBytes, writeSecret } from '../../client/secrets.ts';
import { judgeValue } from '../../core/sync/judge-value.ts';
import type { AccountWork } from '../../core/sync/plan.ts';
import type { DriftPolicy } from '../../core/sync/rules.ts';
import { Problem } from '../../core/problem.ts';
import type { Authority } from '../authority.ts';
import type { ListedAccount, SecretBytes } from '../source.ts';
import { digestOf } from '../state/digests.ts';
import type { SyncState } from '../state/state.ts';
import type { FailureJudge } from './ends-pass.ts';
import type { Tally } from './outcome.ts';
import type { WorkUnit } from './work-units.ts';

export interface ValueContext {
  readonly reader: ConjurClient;
  readonly authority: Authority;
  readonly state: SyncState;
  readonly digestKey: Buffer;
  readonly drift: DriftPolicy;
  /** Look at the values of the target, too. */
  readonly compares: boolean;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly tally: Tally;
  /** Keys of the accounts whose values are as the source has them. */
  readonly verified: Set<string>;
  readonly judge: FailureJudge;
  readonly onDone: () => void;
}

/** Digests of what is in the target, by identifier; nothing of what was not looked at. */
type TargetDigests = ReadonlyMap<string, string | null>;

/** Brings the values of some accounts of a safe to what the source has. What fails is one account's failure. */
export async function writeUnit(
  context: ValueContext,
  { branch, accounts }: WorkUnit<ListedAccount>,
): Promise<void> {
  const there = context.compares
    ? targetDigests(context, accounts)
    : Promise.resolve(new Map<string, null>());
  there.catch(() => undefined); // each account hears of it
  for (const work of accounts) {
    const why = context.judge.givenUp(branch);
    if (why !== null) {
      notTried(context, branch, work, why);
      context.onDone();
      continue;
    }
    try {
      await writeAccount(context, work, await there);
      context.judge.succeeded(branch);
    } catch (error) {
      const problem = context.judge.failed(branch, error);
      context.state.accounts.delete(work.key);
      // A variable is not there that was left there: the next pass looks at everything.
      if (problem.code === 'api_missing') context.state.fullCheckAtMs = null;
      context.tally.failures.push({ branch, account: work.account.name, fault: problem.detail });
    }
    context.onDone();
  }
}

/** Its safe was given up. */
function notTried(
  { state, tally }: ValueContext,
  branch: string,
  { account, key }: AccountWork<ListedAccount>,
  why: Problem,
): void {
  state.accounts.delete(key);
  const fault = `Not tried, since accounts of this safe failed one after the other. The last: ${why.detail}`;
  tally.failures.push({ branch, account: account.name, fault });
}

async function targetDigests(
  { reader, digestKey }: ValueContext,
  accounts: readonly AccountWork<ListedAccount>[],
): Promise<TargetDigests> {
  const ids = accounts.flatMap(({ variables }) =>
    variables.filter(({ isNew }) => !isNew).map(({ identifier }) => identifier),
  );
  const values = await readSecretBytes(reader, ids);
  return new Map(
    Array.from(values, ([identifier, value]) => [
      identifier,
      value === null ? null : digestOf(digestKey, identifier, value.reveal()),
    ]),
  );
}

async function writeAccount(
  context: ValueContext,
  { account, key, safe, variables }: AccountWork<ListedAccount>,
  there: TargetDigests,
): Promise<void> {
  const { dryRun, tally, state, digestKey, drift } = context;
  if (dryRun && variables.every(({ isNew }) => isNew)) {
    for (const { identifier } of variables) tally.written.push(identifier);
    return;
  }
  const values = await account.read(context.signal);
  // Where the source has changed since, a difference is no drift, whatever was left: another leader may have written in between.
  const isComparable = !context.compares || isSameRevision(account, state.accounts.get(key)?.revision);
  const refused: string[] = [];
  for (const { property, identifier, isNew } of variables) {
    const value = values.get(property);
    if (value === undefined)
      throw new Problem(
        'source_unexpected',
        `${property}: the account is listed with it, and has it no more.`,
      );
    const source = digestOf(digestKey, identifier, value.reveal());
    const left = isComparable ? (state.variables.get(identifier)?.digest ?? null) : null;
    const verdict = judgeValue({ source, left, target: isNew ? null : there.get(identifier) }, drift);
    if (verdict === 'drifted') tally.drifted.push(identifier);
    if (verdict === 'same' && left !== source) remember(context, identifier, key, source);
    if (verdict === 'same' || verdict === 'drifted') continue;
    const fault = dryRun ? null : await write(context, identifier, value);
    if (fault !== null) refused.push(`${property}: ${fault}`);
    else {
      (verdict === 'mend' ? tally.mended : tally.written).push(identifier);
      if (!dryRun) remember(context, identifier, key, source);
    }
  }
  if (refused.length > 0) throw new Problem('source_refused', refused.join(' '));
  context.verified.add(key);
  const { name, revision, properties } = account;
  if (!dryRun) state.accounts.set(key, { safe, name, revision, properties: [...properties] });
}

function isSameRevision({ revision }: ListedAccount, left: string | null | undefined): boolean {
  return revision !== null && revision === left;
}

/** Why a value can never be stored as it is; null: it is stored. */
async function write(
  { authority }: ValueContext,
  identifier: string,
  value: SecretBytes,
): Promise<string | null> {
  if (isBlank(value.reveal())) return 'the value is empty, which no variable can hold.';
  try {
    await writeSecret(authority.writer(), identifier, value);
    return null;
  } catch (error) {
    if (error instanceof Problem && (error.code === 'api_too_large' || error.code === 'api_invalid'))
      return error.detail;
    throw error;
  }
}

/** A server takes what consists of ASCII blanks for empty. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0);
}

function remember({ state }: ValueContext, identifier: string, account: string, digest: string): void {
  state.variables.set(identifier, {
    account,
    digest,
    disabled: state.variables.get(identifier)?.disabled ?? false,
  });
}
