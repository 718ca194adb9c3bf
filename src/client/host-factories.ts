import { fullId } from '../core/ids.ts';
import { Secret } from '../core/secret.ts';
import { authorized, type ConjurClient } from './client.ts';
import { type Door, exchange } from './exchange.ts';
import { formOf, pathOf } from './path.ts';
import { jsonOf, recordOf } from './refusal.ts';
import { unexpectedAnswer } from './unexpected.ts';

const formType = { 'content-type': 'application/x-www-form-urlencoded' } as const;

/** A token with which machines enrol themselves as hosts. */
export interface HostFactoryToken {
  readonly token: Secret<string>;
  /** ISO 8601. */
  readonly expiration: string;
  readonly cidr: readonly string[];
}

export async function createHostFactoryTokens(
  client: ConjurClient,
  wanted: {
    readonly factory: string;
    readonly expiration: Date;
    readonly count: number;
    readonly cidr: readonly string[];
  },
): Promise<readonly HostFactoryToken[]> {
  const attempt = `make tokens of the host factory ${wanted.factory}`;
  const body = formOf({
    host_factory: fullId(client.account, 'host_factory', wanted.factory),
    expiration: wanted.expiration.toISOString(),
    count: wanted.count,
    'cidr[]': wanted.cidr,
  });
  const answer = jsonOf(
    await client.send({ attempt, method: 'POST', path: '/host_factory_tokens', headers: formType, body }),
  );
  if (!Array.isArray(answer)) throw unexpectedAnswer(attempt);
  return answer.map((entry) => {
    const { token, expiration, cidr } = recordOf(entry) ?? {};
    if (typeof token !== 'string' || typeof expiration !== 'string') throw unexpectedAnswer(attempt);
    return { token: new Secret(token), expiration, cidr: Array.isArray(cidr) ? cidr.map(String) : [] };
  });
}

export async function revokeHostFactoryToken(client: ConjurClient, token: Secret<string>): Promise<void> {
  await client.send({
    attempt: 'revoke the host factory token',
    method: 'DELETE',
    path: pathOf(['host_factory_tokens', token.reveal()]),
    secrets: [token],
  });
}

/** A host that a factory made. */
export interface CreatedHost {
  /** Its full id. */
  readonly id: string;
  /** Null: the host has none, as its annotation `authn/api-key` says. */
  readonly apiKey: Secret<string> | null;
}

/** Makes a host by nothing but a token; one that the same factory made before gets a new API key. */
export async function createHost(
  door: Door,
  wanted: {
    readonly id: string;
    readonly token: Secret<string>;
    readonly annotations: Readonly<Record<string, string>>;
  },
): Promise<CreatedHost> {
  const attempt = `make the host ${wanted.id}`;
  const annotations = Object.fromEntries(
    Object.entries(wanted.annotations).map(([name, value]) => [`annotations[${name}]`, value]),
  );
  const request = {
    attempt,
    method: 'POST',
    path: '/host_factories/hosts',
    headers: formType,
    body: formOf({ id: wanted.id, ...annotations }),
    secrets: [wanted.token],
  } as const;
  const header = new Secret(`Token token="${wanted.token.reveal()}"`);
  const answer = await exchange(door, authorized(request, header));
  const { id, api_key: apiKey } = recordOf(jsonOf(answer)) ?? {};
  const hasKey = typeof apiKey === 'string';
  if (typeof id !== 'string' || !(hasKey || apiKey === null)) throw unexpectedAnswer(attempt);
  return { id, apiKey: hasKey ? new Secret(apiKey) : null };
}
