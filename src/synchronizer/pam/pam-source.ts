import { limited } from '../../runtime/limited.ts';
import { Problem } from '../../core/problem.ts';
import { readingOf } from '../reading-of.ts';
import type { ListedAccount, ListedLob, SecretBytes, Source } from '../source.ts';
import { textBytes } from '../text-bytes.ts';
import { readAllPages } from './pam-pages.ts';
import { openPamSession, type PamApis, type PamLogon, type PamSession } from './pam-session.ts';
import { type PamAccount, readAccountsPage, readPamValue, readSafesPage } from './pam-shapes.ts';

export interface PamSettings extends PamApis {
  readonly linesOfBusiness: readonly { readonly name: string; readonly logon: PamLogon }[];
  /** `all`: also the platform and what the platform adds; `basic`: password, user name, address. */
  readonly properties: 'all' | 'basic';
  /** Safes that are listed, and values that are read, at a time. */
  readonly concurrency: number;
}

const mostWaiting = 1_000_000;

/** Accounts of CyberArk PAM, self-hosted or Privilege Cloud, by its REST API. Each line of business has a user of its own. */
export function openPamSource(settings: PamSettings): Source {
  const sessions = new Map(
    settings.linesOfBusiness.map(({ name, logon }) => [name, openPamSession(settings, logon)]),
  );
  const inTurn = limited(
    settings.concurrency,
    mostWaiting,
    () => new Problem('source_unavailable', 'too much waits for the vault.'),
  );
  const listLob = async (
    name: string,
    session: PamSession,
    only: string | null,
    signal: AbortSignal,
  ): Promise<ListedLob> => ({
    name,
    safes: await readingOf(async () => {
      const safes = await listSafes(session, signal);
      return Promise.all(
        safes
          .filter((safe) => only === null || safe === only)
          .map((safe) =>
            inTurn(async () => ({
              name: safe,
              accounts: await readingOf(() =>
                listAccounts(session, safe, settings.properties, inTurn, signal),
              ),
            })),
          ),
      );
    }),
  });
  return {
    list: (safe, signal) =>
      Promise.all(Array.from(sessions, ([name, session]) => listLob(name, session, safe, signal))),
    close: async () => {
      await Promise.all([...sessions.values()].map((session) => session.logOff()));
    },
  };
}

async function listSafes(session: PamSession, signal: AbortSignal): Promise<readonly string[]> {
  const names = await readAllPages({
    what: 'The list of safes',
    readPage: async (query) => {
      const request = {
        attempt: 'list the safes',
        method: 'GET',
        path: `/PasswordVault/API/Safes?${query}`,
      } as const;
      return readSafesPage((await session.call(request, signal)).json);
    },
    keyOf: (name) => name,
  });
  return [...new Set(names)];
}

async function listAccounts(
  session: PamSession,
  safe: string,
  properties: PamSettings['properties'],
  inTurn: ReturnType<typeof limited>,
  signal: AbortSignal,
): Promise<readonly ListedAccount[]> {
  const filter = `filter=${encodeURIComponent(`safeName eq ${safe}`)}`;
  const accounts = await readAllPages({
    what: `The list of the accounts of ${safe}`,
    readPage: async (query) => {
      const path = `/PasswordVault/API/Accounts?${query.includes('filter=') ? query : `${filter}&${query}`}`;
      const request = { attempt: `list the accounts of ${safe}`, method: 'GET', path } as const;
      return readAccountsPage((await session.call(request, signal)).json);
    },
    keyOf: ({ id, name }) => `${id} ${name}`,
  });
  // The filter of some versions takes a beginning for a match.
  return accounts
    .filter(({ safeName }) => safeName === safe)
    .map((account) =>
      listed(account, properties, (asked) => inTurn(() => retrieve(session, account, asked))),
    );
}

function listed(
  account: PamAccount,
  properties: PamSettings['properties'],
  readPassword: (signal: AbortSignal) => Promise<SecretBytes>,
): ListedAccount {
  const fields = fieldsOf(account, properties);
  const { lastModified, categoryModified } = account;
  return {
    id: account.id,
    name: account.name,
    properties: ['password', ...fields.keys()],
    revision:
      lastModified === null && categoryModified === null
        ? null
        : `${lastModified ?? '-'}/${categoryModified ?? '-'}`,
    read: async (signal) => {
      const password = await readPassword(signal);
      return new Map([
        ['password', password],
        ...Array.from(fields, ([name, text]) => [name, textBytes(name, text)] as const),
      ]);
    },
  };
}

/** What the list itself tells. A field of a platform that is called like a field of all accounts keeps its own place. */
function fieldsOf(account: PamAccount, properties: PamSettings['properties']): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (account.userName !== null) fields.set('username', account.userName);
  if (account.address !== null) fields.set('address', account.address);
  if (properties === 'basic') return fields;
  if (account.platformId !== null) fields.set('platformId', account.platformId);
  for (const [name, text] of account.platformAccountProperties) {
    fields.set(name === 'password' || fields.has(name) ? `platform/${name}` : name, text);
  }
  return fields;
}

async function retrieve(
  session: PamSession,
  { id, name }: PamAccount,
  signal: AbortSignal,
): Promise<SecretBytes> {
  const { json } = await session.call(
    {
      attempt: `retrieve ${name}`,
      method: 'POST',
      path: `/PasswordVault/API/Accounts/${encodeURIComponent(id)}/Password/Retrieve`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'synchronized by Holdfast' }),
    },
    signal,
  );
  return textBytes('password', readPamValue(json));
}
