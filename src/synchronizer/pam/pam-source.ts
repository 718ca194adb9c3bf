import { limited } from '../../runtime/limited.ts';
import { Problem } from '../../core/problem.ts';
import { beginAnywhere } from '../source/begin-anywhere.ts';
import { openListGates } from '../source/list-gate.ts';
import { readingOf } from '../source/reading-of.ts';
import type { ListedAccount, ListedLob, ListedSafe, SecretBytes, Source } from '../source/source.ts';
import { textBytes } from '../source/text-bytes.ts';
import { together } from '../source/together.ts';
import type { WebSession } from '../web/web-session.ts';
import { type PageHabits, readAllPages, unknownHabits } from './pam-pages.ts';
import { revisionOf } from './pam-revision.ts';
import { openPamSession, type PamApis, type PamLogon } from './pam-session.ts';
import { type PamAccount, readAccountsPage, readPamValue, readSafesPage } from './pam-shapes.ts';

export interface PamSettings extends PamApis {
  readonly linesOfBusiness: readonly { readonly name: string; readonly logon: PamLogon }[];
  /** `all`: also the platform and what the platform adds; `basic`: password, user name, address. */
  readonly properties: 'all' | 'basic';
  /** Safes that are listed, and values that are read, at a time. */
  readonly concurrency: number;
}

const mostWaiting = 1_000_000;

interface Lister {
  readonly properties: PamSettings['properties'];
  readonly inTurn: ReturnType<typeof limited>;
  /** One server, so what its pages are like is found out once. */
  readonly habits: { readonly safes: PageHabits; readonly accounts: PageHabits };
}

/** Accounts of CyberArk PAM, self-hosted or Privilege Cloud, by its REST API. Each line of business has a user of its own. */
export function openPamSource(settings: PamSettings): Source {
  const lobs = settings.linesOfBusiness.map(({ name, logon }) => ({
    name,
    session: openPamSession(settings, logon),
  }));
  const inTurn = limited(
    settings.concurrency,
    mostWaiting,
    () => new Problem('source_unavailable', 'too much waits for the vault.'),
  );
  const habits = { safes: unknownHabits(), accounts: unknownHabits() };
  const lister: Lister = { properties: settings.properties, inTurn, habits };
  return {
    list: (only, signal) => {
      const gateOf = openListGates();
      return together(
        signal,
        lobs.map(({ name, session }) => {
          const gate = gateOf();
          const lob: Lob = {
            name,
            session,
            list: (request, each) => gate((asked) => session.call(request, asked), each),
          };
          return (each) => listLob(lister, lob, only, each);
        }),
      );
    },
    close: async () => {
      await Promise.all(lobs.map(({ session }) => session.close()));
    },
  };
}

interface Lob {
  readonly name: string;
  readonly session: WebSession;
  /** Calls, unless those before were not answered. */
  readonly list: WebSession['call'];
}

async function listLob(
  lister: Lister,
  lob: Lob,
  only: readonly string[] | null,
  signal: AbortSignal,
): Promise<ListedLob> {
  const listSafe = async (safe: string, asked: AbortSignal): Promise<ListedSafe> => ({
    name: safe,
    accounts: await lister.inTurn(() => readingOf(() => listAccounts(lister, lob, safe, asked))),
  });
  return {
    name: lob.name,
    safes: await readingOf(async () => {
      const safes = await listSafes(lister, lob, signal);
      const wanted = safes.filter((safe) => only === null || only.includes(safe));
      return together(
        signal,
        wanted.map((safe) => (asked) => listSafe(safe, asked)),
        beginAnywhere(wanted.length),
      );
    }),
  };
}

async function listSafes({ habits }: Lister, { list }: Lob, signal: AbortSignal): Promise<readonly string[]> {
  return readAllPages({
    what: 'The list of safes',
    readPage: async (query) => {
      const request = {
        attempt: 'list the safes',
        method: 'GET',
        path: `/PasswordVault/API/Safes?${query}`,
      } as const;
      return readSafesPage((await list(request, signal)).json);
    },
    keyOf: (name) => name,
    habits: habits.safes,
  });
}

async function listAccounts(
  { properties, inTurn, habits }: Lister,
  { list, session }: Lob,
  safe: string,
  signal: AbortSignal,
): Promise<readonly ListedAccount[]> {
  const filter = `filter=${encodeURIComponent(`safeName eq ${safe}`)}`;
  // Of several pages, the first: what changed behind it is young for all of them.
  let atMs = Number.POSITIVE_INFINITY;
  const accounts = await readAllPages({
    what: `The list of the accounts of ${safe}`,
    readPage: async (query) => {
      const path = `/PasswordVault/API/Accounts?${filter}&${query}`;
      const request = { attempt: `list the accounts of ${safe}`, method: 'GET', path } as const;
      const answer = await list(request, signal);
      atMs = Math.min(atMs, answer.atMs);
      return readAccountsPage(answer.json);
    },
    keyOf: ({ id }) => id,
    habits: habits.accounts,
  });
  // The filter of some versions takes a beginning for a match.
  return accounts
    .filter(({ safeName }) => safeName === safe)
    .map((account) =>
      listed(account, properties, atMs, (asked) => inTurn(() => retrieve(session, account, asked))),
    );
}

function listed(
  account: PamAccount,
  properties: PamSettings['properties'],
  atMs: number,
  readPassword: (signal: AbortSignal) => Promise<SecretBytes>,
): ListedAccount {
  const fields = fieldsOf(account, properties);
  return {
    id: account.id,
    name: account.name,
    properties: ['password', ...fields.keys()],
    revision: revisionOf(account, fields, atMs),
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
  session: WebSession,
  { id, name }: PamAccount,
  signal: AbortSignal,
): Promise<SecretBytes> {
  const { json } = await session.call(
    {
      attempt: `retrieve ${name}`,
      ofOne: true,
      method: 'POST',
      path: `/PasswordVault/API/Accounts/${encodeURIComponent(id)}/Password/Retrieve`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'synchronized by Holdfast' }),
    },
    signal,
  );
  return textBytes('password', readPamValue(json));
}
