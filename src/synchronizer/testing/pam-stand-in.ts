import { type Asked, type Misbehaviour, type StandIn, startStandIn, type Told } from './web-stand-in.ts';

/** An account that the stand-in holds. */
export interface HeldAccount {
  readonly id: string;
  name: string;
  /** As many versions leave them out, fields may be absent. */
  userName?: string;
  address?: string;
  platformId: string;
  platformAccountProperties: Record<string, string>;
  /** Unix time, seconds. */
  lastModifiedTime: number;
  password: string;
}

export interface HeldUser {
  readonly password: string;
  readonly safes: Map<string, HeldAccount[]>;
}

export interface PamStandIn extends StandIn {
  readonly users: Map<string, HeldUser>;
  /** Takes all sessions away, as a restart does. */
  readonly endSessions: () => void;
  readonly sessions: () => number;
}

export interface PamStandInSettings {
  readonly users: Map<string, HeldUser>;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** What a page holds at most, whatever is asked for. */
  readonly pageSize?: number;
  /** Whether pages name the next one, as newer versions do. */
  readonly namesNextLink?: boolean;
  /** What `count` counts. */
  readonly counts?: 'all' | 'page';
}

const notThere: Told = {
  status: 404,
  json: { ErrorCode: 'PASWS011E', ErrorMessage: 'The requested object was not found.' },
};
const notLoggedOn: Told = {
  status: 401,
  json: { ErrorCode: 'PASWS006E', ErrorMessage: 'The session token is missing, invalid or expired.' },
};

/** A PVWA, and the token service of Privilege Cloud, as far as the synchronizer asks them; written from what is known of the API. */
export async function startPamStandIn(settings: PamStandInSettings): Promise<PamStandIn> {
  const { users, pageSize = 1000, namesNextLink = true, counts = 'all' } = settings;
  const sessions = new Map<string, HeldUser>();
  let logons = 0;
  const logOn = (name: string, password: string): string | null => {
    const user = users.get(name);
    if (user === undefined || user.password !== password) return null;
    logons += 1;
    sessions.set(`session-${logons}`, user);
    return `session-${logons}`;
  };
  const page = (entries: readonly object[], { url }: Asked, lie: Misbehaviour | null): Told => {
    const offset = Number(url.searchParams.get('offset') ?? 0);
    const limit = Math.min(pageSize, Number(url.searchParams.get('limit') ?? pageSize));
    const isEmpty = lie?.kind === 'empty' && (lie.of?.test(decodeURIComponent(url.href)) ?? true);
    const all = isEmpty ? [] : lie?.kind === 'half' ? entries.slice(0, entries.length / 2) : entries;
    const told = isEmpty ? 0 : entries.length + (lie?.kind === 'miscounts' ? lie.by : 0);
    const value = all.slice(offset, offset + limit);
    const next = new URLSearchParams(url.searchParams);
    next.set('offset', String(offset + limit));
    const more = namesNextLink && offset + limit < all.length;
    const nextLink = more
      ? { nextLink: `api${url.pathname.slice(url.pathname.lastIndexOf('/'))}?${next.toString()}` }
      : {};
    return { status: 200, json: { value, count: counts === 'all' ? told : value.length, ...nextLink } };
  };
  const answer = (asked: Asked, lie: Misbehaviour | null): Told => {
    const path = asked.url.pathname;
    if (path === '/oauth2/platformtoken') {
      const form = new URLSearchParams(asked.body);
      const token = logOn(form.get('client_id') ?? '', form.get('client_secret') ?? '');
      return token === null
        ? { status: 401, json: { error: 'access_denied' } }
        : { status: 200, json: { access_token: token, token_type: 'Bearer', expires_in: 900 } };
    }
    if (/^\/PasswordVault\/API\/Auth\/(Cyberark|LDAP|RADIUS|Windows)\/Logon$/u.test(path)) {
      const { username, password }: { readonly username: string; readonly password: string } = JSON.parse(
        asked.body,
      );
      const token = logOn(username, password);
      return token === null
        ? { status: 401, json: { ErrorCode: 'ITATS542I', ErrorMessage: 'Authentication failure.' } }
        : { status: 200, json: token };
    }
    const token = (asked.headers.authorization ?? '').replace(/^Bearer /u, '');
    const user = sessions.get(token);
    if (user === undefined) return notLoggedOn;
    if (path === '/PasswordVault/API/Auth/Logoff') {
      sessions.delete(token);
      return { status: 200, json: {} };
    }
    if (path === '/PasswordVault/API/Safes')
      return page(
        [...user.safes.keys()].map((safeName) => ({ safeName, safeUrlId: safeName })),
        asked,
        lie,
      );
    if (path === '/PasswordVault/API/Accounts') {
      const safe = /^safeName eq (.*)$/su.exec(asked.url.searchParams.get('filter') ?? '')?.[1] ?? '';
      return page(
        (user.safes.get(safe) ?? []).map((account) => shown(account, safe)),
        asked,
        lie,
      );
    }
    const id = /^\/PasswordVault\/API\/Accounts\/([^/]+)\/Password\/Retrieve$/u.exec(path)?.[1];
    const held = id === undefined ? undefined : accountOf(user, decodeURIComponent(id));
    return held === undefined ? notThere : { status: 200, json: held.password };
  };
  const standIn = await startStandIn(answer, settings.tls ?? null);
  return Object.assign(standIn, {
    users,
    endSessions: () => sessions.clear(),
    sessions: () => sessions.size,
  });
}

interface Place {
  readonly safe: string;
  readonly account: HeldAccount;
}

const indexes = new WeakMap<HeldUser, ReadonlyMap<string, Place>>();

/** Found by id, for a stand-in with tens of thousands of accounts too: the index is made anew when it does not hold any more. */
function accountOf(user: HeldUser, id: string): HeldAccount | undefined {
  const found = indexes.get(user)?.get(id);
  if (found !== undefined && user.safes.get(found.safe)?.includes(found.account) === true)
    return found.account;
  const places = Array.from(user.safes, ([safe, accounts]) =>
    accounts.map((account) => [account.id, { safe, account }] as const),
  );
  const index = new Map(places.flat());
  indexes.set(user, index);
  return index.get(id)?.account;
}

function shown({ password: _, lastModifiedTime, ...account }: HeldAccount, safeName: string): object {
  return {
    ...account,
    safeName,
    secretType: 'password',
    secretManagement: { automaticManagementEnabled: true, lastModifiedTime },
    categoryModificationTime: lastModifiedTime * 10_000_000,
    createdTime: 1_500_000_000,
  };
}
