import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { isRefusal, type WebAnswer, type WebApi, type WebRequest } from '../web-api.ts';
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

export interface VaultSession {
  readonly call: (request: WebRequest, signal: AbortSignal) => Promise<WebAnswer>;
}

/** Tokens that are refused this often have not run out: their policy does not permit what is asked. */
const mostLogins = 20;

/**
 * Sends requests with a token; one of AppRole is fetched with the first call, and again when it is refused. A login that was refused
 * is not tried again: there are as many calls as secrets.
 */
export function openVaultSession(api: WebApi, auth: VaultAuth, namespace: string | null): VaultSession {
  const where: Readonly<Record<string, string>> =
    namespace === null ? {} : { 'x-vault-namespace': namespace };
  let held: Promise<Secret<string>> | null = null;
  let logins = 0;
  const tokenOf = (refused: Promise<Secret<string>> | null, signal: AbortSignal): Promise<Secret<string>> => {
    if (auth.kind === 'token') return Promise.resolve(auth.token);
    if (held === null || (held === refused && logins < mostLogins)) {
      logins += 1;
      const asked = logIn(api, auth, where, signal);
      held = asked;
      asked.catch((error: unknown) => {
        if (held === asked && !isRefusal(error)) held = null;
      });
    }
    return held;
  };
  const send = (request: WebRequest, token: Secret<string>, signal: AbortSignal): Promise<WebAnswer> =>
    api.call(
      {
        ...request,
        headers: { ...request.headers, ...where, 'x-vault-token': token.reveal() },
        secrets: [...(request.secrets ?? []), token],
      },
      signal,
    );
  return {
    call: async (request, signal) => {
      const asked = tokenOf(null, signal);
      const token = await asked;
      try {
        return await send(request, token, signal);
      } catch (error) {
        // Vault answers 403 for a token that has run out as well as for one that may not.
        if (auth.kind === 'token' || !isProblem(error, 'source_forbidden')) throw error;
      }
      return send(request, await tokenOf(asked, signal), signal);
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
