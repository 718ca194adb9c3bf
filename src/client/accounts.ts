import { Secret } from '../core/secret.ts';
import { type ApiRequest, type Door, exchange } from './exchange.ts';
import { formOf, pathOf } from './path.ts';
import { jsonOf, recordOf } from './refusal.ts';
import { unexpectedAnswer } from './unexpected.ts';

/** Marks what a node of the cluster asks on behalf of its operator; believed with its certificate only. */
export const operatorHeaders = { 'x-holdfast-operator': '1' } as const;

/** The accounts of a cluster. The door is that of a master's peer API, opened with a node's certificate. */
export async function listAccounts(door: Door): Promise<readonly string[]> {
  const attempt = 'list the accounts';
  const list = jsonOf(
    await exchange(door, { attempt, method: 'GET', path: '/accounts', headers: operatorHeaders }),
  );
  if (!Array.isArray(list)) throw unexpectedAnswer(attempt);
  return list.filter((name) => typeof name === 'string');
}

/** @returns the API key of the new account's user `admin`, told this once */
export async function createAccount(door: Door, name: string): Promise<Secret<string>> {
  const attempt = `create the account ${name}`;
  const request: ApiRequest = {
    attempt,
    method: 'POST',
    path: '/accounts',
    headers: { ...operatorHeaders, 'content-type': 'application/x-www-form-urlencoded' },
    body: formOf({ id: name }),
    answeredOnce: true,
  };
  const { api_key: apiKey } = recordOf(jsonOf(await exchange(door, request))) ?? {};
  if (typeof apiKey !== 'string') throw unexpectedAnswer(attempt);
  return new Secret(apiKey);
}

/** Deletes an account with all that is in it. */
export async function deleteAccount(door: Door, name: string): Promise<void> {
  await exchange(door, {
    attempt: `delete the account ${name}`,
    method: 'DELETE',
    path: pathOf(['accounts', name]),
    headers: operatorHeaders,
  });
}
