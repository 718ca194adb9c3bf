import { generateKeyPairSync, type JsonWebKey, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

/** A real OpenID provider on loopback that issues signed access tokens to one client. */
export interface TestProvider {
  readonly issuer: string;
  readonly jwksUri: string;
  /** How often its keys were asked for. */
  readonly asked: { keys: number };
  /** A token for `audience`, with these claims beside the provider's own. */
  readonly token: (claims: Readonly<Record<string, unknown>>, audience?: string) => Promise<string>;
  /** Signs with a new key from now on, and publishes nothing else. */
  readonly rotate: () => void;
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
  /** Answers the requests for its keys itself, instead of the provider. */
  readonly answerKeys: (answer: ((response: ServerResponse) => void) | null) => void;
  readonly stop: () => Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export async function startTestProvider(): Promise<TestProvider> {
  let handler: Handler = (_request, response) => void response.writeHead(503).end();
  let server = await listen((request, response) => handler(request, response), 0);
  const { port } = addressOf(server);
  const issuer = `http://127.0.0.1:${port}`;
  const asked = { keys: 0 };
  const extra: { claims: Readonly<Record<string, unknown>> } = { claims: {} };
  let answerKeys: ((response: ServerResponse) => void) | null = null;
  const rotate = (): void => {
    const callback = providerOf(issuer, () => extra.claims).callback();
    handler = (request, response) => {
      if (request.url !== '/jwks') return callback(request, response);
      asked.keys += 1;
      if (answerKeys === null) callback(request, response);
      else answerKeys(response);
    };
  };
  rotate();
  const down = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    asked,
    rotate,
    down,
    up: async () => {
      server = await listen((request, response) => handler(request, response), port);
    },
    answerKeys: (answer) => {
      answerKeys = answer;
    },
    token: async (claims, audience = 'conjur') => {
      extra.claims = claims;
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa('ci:secret-of-ci')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: `urn:${audience}` }),
      });
      const { access_token: token } = (await response.json()) as { access_token?: string };
      if (token === undefined) throw new Error(`the provider answered ${response.status}`);
      return token;
    },
    stop: down,
  };
}

function providerOf(issuer: string, claims: () => Readonly<Record<string, unknown>>): Provider {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key: JsonWebKey = {
    ...privateKey.export({ format: 'jwk' }),
    kid: randomUUID(),
    use: 'sig',
    alg: 'RS256',
  };
  return new Provider(issuer, {
    clients: [
      {
        client_id: 'ci',
        client_secret: 'secret-of-ci',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    cookies: { keys: [randomUUID()] },
    extraTokenClaims: () => claims(),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: '',
          audience: resource.slice('urn:'.length),
          accessTokenFormat: 'jwt',
          accessTokenTTL: 60,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    jwks: { keys: [key] },
    ttl: { ClientCredentials: 60 },
  });
}

async function listen(handler: Handler, port: number): Promise<Server> {
  const server = createServer(handler).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the server does not listen on a port');
  return address;
}
