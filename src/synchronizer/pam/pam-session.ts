import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import type { WebApi } from '../web/web-api.ts';
import { openWebSession, type WebSession } from '../web/web-session.ts';
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

/** The session of a line of business: of a PVWA, or a token of Privilege Cloud, which ends by itself. */
export function openPamSession(apis: PamApis, logon: PamLogon): WebSession {
  const send: Parameters<typeof openWebSession>[0]['send'] = (request, token, signal) =>
    apis.vault.call(
      {
        ...request,
        headers: { ...request.headers, authorization: token.reveal() },
        secrets: [...(request.secrets ?? []), token],
      },
      signal,
    );
  return openWebSession({
    send,
    logOn: (signal) =>
      logon.kind === 'cloud' ? logOnToCloud(apis, logon, signal) : logOnToPvwa(apis, logon, signal),
    logOff: async (token) => {
      if (logon.kind === 'cloud') return;
      const path = '/PasswordVault/API/Auth/Logoff';
      await send({ attempt: 'log off', method: 'POST', path, body: '' }, token, AbortSignal.timeout(5000));
    },
    mayBeOver: (error) => isProblem(error, 'source_unauthenticated'),
    clock: () => performance.now(),
  });
}

async function logOnToCloud(
  { identity }: PamApis,
  { clientId, clientSecret }: Extract<PamLogon, { readonly kind: 'cloud' }>,
  signal: AbortSignal,
): Promise<Secret<string>> {
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

async function logOnToPvwa(
  { vault }: PamApis,
  { method, username, password }: Extract<PamLogon, { readonly kind: 'pvwa' }>,
  signal: AbortSignal,
): Promise<Secret<string>> {
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
