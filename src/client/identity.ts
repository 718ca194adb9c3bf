import { Secret } from '../core/secret.ts';
import { authorized, basicHeader, type ConjurClient, loginOfClient } from './client.ts';
import { type Door, exchange } from './exchange.ts';
import { pathOf } from './path.ts';
import { jsonOf, recordOf, textOf } from './refusal.ts';
import { unexpectedAnswer } from './unexpected.ts';

/**
 * A login with its password, or with the API key itself, for the API key.
 *
 * @throws Problem `api_unauthenticated` when the server does not take them
 */
export async function logIn(
  door: Door,
  who: { readonly account: string; readonly login: string; readonly password: Secret<string> },
): Promise<Secret<string>> {
  const { account, login, password } = who;
  const attempt = `log in as ${login} (account ${account})`;
  const answer = await exchange(
    door,
    authorized(
      { attempt, method: 'GET', path: pathOf(['authn', account, 'login']), secrets: [password] },
      basicHeader(login, password),
    ),
  );
  return keyOf(textOf(answer), attempt);
}

/** Who the server takes the caller for. */
export interface WhoAmI {
  readonly account: string;
  readonly username: string;
  readonly client_ip: string;
  readonly token_issued_at: string;
}

export async function whoAmI(client: ConjurClient): Promise<WhoAmI> {
  const attempt = 'ask who I am';
  const answer = await client.send({ attempt, method: 'GET', path: '/whoami' });
  const fields = recordOf(jsonOf(answer));
  const text = (name: keyof WhoAmI): string => {
    const value = fields?.[name];
    if (typeof value === 'string') return value;
    throw unexpectedAnswer(attempt);
  };
  return {
    account: text('account'),
    username: text('username'),
    client_ip: text('client_ip'),
    token_issued_at: text('token_issued_at'),
  };
}

/** A new API key for oneself. The old one is worth nothing from then on, so it is never asked for twice. */
export async function rotateOwnKey(client: ConjurClient): Promise<Secret<string>> {
  const attempt = `rotate the API key of ${loginOfClient(client)}`;
  const path = pathOf(['authn', client.account, 'api_key']);
  const request = { attempt, method: 'PUT', path, answeredOnce: true } as const;
  return keyOf(textOf(await client.sendAsSelf(request)), attempt);
}

/** A new API key for another role, `kind` and `identifier`; needs the privilege `update` on it. */
export async function rotateKeyOf(
  client: ConjurClient,
  role: { readonly kind: string; readonly identifier: string },
): Promise<Secret<string>> {
  const name = `${role.kind}:${role.identifier}`;
  const attempt = `rotate the API key of ${name}`;
  const path = pathOf(['authn', client.account, 'api_key'], { role: name });
  const request = { attempt, method: 'PUT', path, answeredOnce: true } as const;
  return keyOf(textOf(await client.send(request)), attempt);
}

/** Another password for oneself. The API key stays. */
export async function changePassword(client: ConjurClient, password: Secret<string>): Promise<void> {
  await client.sendAsSelf({
    attempt: `change the password of ${loginOfClient(client)}`,
    method: 'PUT',
    path: pathOf(['authn', client.account, 'password']),
    headers: { 'content-type': 'text/plain' },
    body: password.reveal(),
    secrets: [password],
    repeatable: true,
  });
}

/** A page with status 200 from something else must not pass for a key. */
function keyOf(text: string, attempt: string): Secret<string> {
  if (!/^[\x21-\x7e]{1,512}$/.test(text)) throw unexpectedAnswer(attempt);
  return new Secret(text);
}
