import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { isRefusal, type WebAnswer, type WebApi, type WebRequest } from '../web-api.ts';
import { readCloudToken, readPvwaToken } from './pam-shapes.ts';

/** How one line of business logs on. */
export type PamLogon =
  | {
      readonly kind: 'pvwa';
      readonly method: 'Cyberark' | 'LDAP' | 'RADIUS' | 'Windows';
      readonly username: string;
      readonly password: Secret<string>;
    }
  | { readonly kind: 'cloud'; readonly clientId: string; readonly clientSecret: Secret<string> };

export interface PamApis {
  /** The PVWA, or `https://<name>.privilegecloud.cyberark.cloud`. */
  readonly vault: WebApi;
  /** Of Privilege Cloud: `https://<tenant>.id.cyberark.cloud`. */
  readonly identity: WebApi;
}

export interface PamSession {
  readonly call: (request: WebRequest, signal: AbortSignal) => Promise<WebAnswer>;
  readonly logOff: () => Promise<void>;
}

/** Sessions that are taken away this often are not lost by chance, and each logon leaves one behind. */
const mostLogons = 20;

/**
 * Logs on with the first call, once more when the session has run out, and off at the end. A logon that was refused is not tried
 * again: a vault locks a user out after a few of them, and there are as many calls as accounts.
 */
export function openPamSession({ vault, identity }: PamApis, logon: PamLogon): PamSession {
  let header: Promise<Secret<string>> | null = null;
  let logons = 0;
  const fresh = (refused: Promise<Secret<string>> | null, signal: AbortSignal): Promise<Secret<string>> => {
    if (header === null || (header === refused && logons < mostLogons)) {
      logons += 1;
      const asked = logOn({ vault, identity }, logon, signal);
      header = asked;
      asked.catch((error: unknown) => {
        if (header === asked && !isRefusal(error)) header = null;
      });
    }
    return header;
  };
  const send = async (request: WebRequest, token: Secret<string>, signal: AbortSignal): Promise<WebAnswer> =>
    vault.call(
      {
        ...request,
        headers: { ...request.headers, authorization: token.reveal() },
        secrets: [...(request.secrets ?? []), token],
      },
      signal,
    );
  return {
    call: async (request, signal) => {
      const asked = fresh(null, signal);
      try {
        return await send(request, await asked, signal);
      } catch (error) {
        if (!isProblem(error, 'source_unauthenticated') || error.detail.startsWith('Cannot log on'))
          throw error;
      }
      return send(request, await fresh(asked, signal), signal);
    },
    logOff: async () => {
      const token = await header?.catch(() => null);
      header = null;
      if (token === null || token === undefined || logon.kind === 'cloud') return;
      const request = {
        attempt: 'log off',
        method: 'POST',
        path: '/PasswordVault/API/Auth/Logoff',
        body: '',
      } as const;
      await send(request, token, AbortSignal.timeout(5000)).catch(() => undefined);
    },
  };
}

async function logOn(
  { vault, identity }: PamApis,
  logon: PamLogon,
  signal: AbortSignal,
): Promise<Secret<string>> {
  if (logon.kind === 'cloud') {
    const { clientId, clientSecret } = logon;
    const { json } = await identity.call(
      {
        attempt: `log on as ${clientId}`,
        method: 'POST',
        path: '/oauth2/platformtoken',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: clientSecret.reveal(),
        }).toString(),
        secrets: [clientSecret],
      },
      signal,
    );
    return new Secret(`Bearer ${readCloudToken(json)}`);
  }
  const { method, username, password } = logon;
  const { json } = await vault.call(
    {
      attempt: `log on as ${username}`,
      method: 'POST',
      path: `/PasswordVault/API/Auth/${method}/Logon`,
      headers: { 'content-type': 'application/json' },
      // Several members, and a person at the same time, may use one user.
      body: JSON.stringify({ username, password: password.reveal(), concurrentSession: true }),
      secrets: [password],
    },
    signal,
  );
  return new Secret(readPvwaToken(json));
}
