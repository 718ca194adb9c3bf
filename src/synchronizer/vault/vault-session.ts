import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import type { WebAnswer, WebApi, WebRequest } from '../web/web-api.ts';
import { openWebSession, unlessStopped, type WebSession } from '../web/web-session.ts';
import { keepToken } from './keep-token.ts';
import { readClientToken } from './vault-shapes.ts';

/** How one proves oneself to Vault or OpenBao. */
export type VaultAuth =
  | { readonly kind: 'token'; readonly token: Secret<string> }
  | {
      readonly kind: 'approle';
      /** Where the method is mounted: `approle`. */
      readonly mount: string;
      readonly roleId: string;
      readonly secretId: Secret<string>;
    };

/** Sends requests with the token that was given, which is renewed in time, or with one of AppRole, which is revoked at the end. */
export function openVaultSession(api: WebApi, auth: VaultAuth, namespace: string | null): WebSession {
  const where: Readonly<Record<string, string>> =
    namespace === null ? {} : { 'x-vault-namespace': namespace };
  const send = (request: WebRequest, token: Secret<string>, signal: AbortSignal): Promise<WebAnswer> =>
    api.call(
      {
        ...request,
        headers: { ...request.headers, ...where, 'x-vault-token': token.reveal() },
        secrets: [...(request.secrets ?? []), token],
      },
      signal,
    );
  if (auth.kind === 'token') return tokenSession((request, signal) => send(request, auth.token, signal));
  return openWebSession({
    send,
    logOn: (signal) => logIn(api, auth, where, signal),
    logOff: async (token) => {
      const path = '/v1/auth/token/revoke-self';
      await send({ attempt: 'revoke a token', method: 'POST', path }, token, AbortSignal.timeout(5000));
    },
    // Vault answers 403 for a token that has run out as well as for one that may not.
    mayBeOver: (error) => isProblem(error, 'source_forbidden'),
    clock: () => performance.now(),
  });
}

/** Of a token that was given: before anything else, it is seen to that it does not run out. */
function tokenSession(ask: WebSession['call']): WebSession {
  const own = new AbortController();
  let kept: Promise<void> | null = null;
  return {
    call: async (request, signal) => {
      kept ??= keepToken(ask, own.signal);
      await unlessStopped(kept, signal);
      return ask(request, signal);
    },
    close: async () => {
      own.abort();
      await kept?.catch(() => undefined);
    },
  };
}

async function logIn(
  api: WebApi,
  { mount, roleId, secretId }: Extract<VaultAuth, { readonly kind: 'approle' }>,
  where: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Secret<string>> {
  const { json } = await api.call(
    {
      attempt: `log in by ${mount}`,
      method: 'POST',
      path: `/v1/auth/${mount}/login`,
      headers: { ...where, 'content-type': 'application/json' },
      body: JSON.stringify({ role_id: roleId, secret_id: secretId.reveal() }),
      secrets: [secretId],
    },
    signal,
  );
  return new Secret(readClientToken(json));
}
