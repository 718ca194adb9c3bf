import assert from 'node:assert/strict';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { Secret } from '../../core/secret.ts';
import { pamWords } from '../pam/pam-shapes.ts';
import { openPamSource } from '../pam/pam-source.ts';
import type { ListedAccount, ListedLob, Source } from '../source/source.ts';
import { openWebApi, type WebApi } from '../web/web-api.ts';

export const signal: AbortSignal = new AbortController().signal;

export function apiOf(
  url: string,
  ca: string | null = null,
  wordsOf: (json: unknown) => string | null = pamWords,
  timeoutMs = 2000,
): WebApi {
  return openWebApi({
    fetch: openWebFetch({ ca }),
    url,
    timeoutMs,
    intervalMs: 0,
    attempts: 3,
    backOffMs: 5,
    wordsOf,
  });
}

/** The line of business `l` with the user `u` of a stand-in, and what all versions tell of accounts. */
export function pamSourceOf(api: WebApi): Source {
  const logon = { kind: 'pvwa', method: 'Cyberark', username: 'u', password: new Secret('p') } as const;
  return openPamSource({
    vault: api,
    identity: api,
    linesOfBusiness: [{ name: 'l', logon }],
    properties: 'basic',
    concurrency: 4,
  });
}

/** All accounts of a source that must answer whole. */
export async function accountsOf(source: Source): Promise<ReadonlyMap<string, ListedAccount>> {
  return new Map((await source.list(null, signal)).flatMap(accountsOfLob));
}

function accountsOfLob(lob: ListedLob): readonly (readonly [string, ListedAccount])[] {
  assert.ok(lob.safes.ok, lob.safes.ok ? '' : lob.safes.fault);
  return lob.safes.value.flatMap((safe) => {
    assert.ok(safe.accounts.ok, safe.accounts.ok ? '' : safe.accounts.fault);
    return safe.accounts.value.map(
      (account) => [`${lob.name}/${safe.name}/${account.name}`, account] as const,
    );
  });
}

/** Why the accounts of a safe, or the safes of its line of business, were not read; null: they were. */
export function faultOf([lob]: readonly ListedLob[]): string | null {
  assert.ok(lob !== undefined);
  if (!lob.safes.ok) return lob.safes.fault;
  const failed = lob.safes.value.find(({ accounts }) => !accounts.ok)?.accounts;
  return failed === undefined || failed.ok ? null : failed.fault;
}

/** The values of an account as texts. */
export async function textsOf(account: ListedAccount | undefined): Promise<Record<string, string>> {
  assert.ok(account !== undefined);
  const values = await account.read(signal);
  return Object.fromEntries(
    Array.from(values, ([name, value]) => [name, new TextDecoder().decode(value.reveal())]),
  );
}
