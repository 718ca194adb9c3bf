import { once } from 'node:events';
import { createServer } from 'node:http';
import { type ApiSettings, defaultApiSettings } from '../../src/core/api-settings.ts';
import { buildApp } from '../../src/server/app.ts';
import { startTestServer, type TestServer } from '../../src/server/testing/test-server.ts';
import { provision } from '../../src/store/provision.ts';
import { type RawAnswer, type RawRequest, sendRaw } from './send-raw.ts';

/** A server to be fuzzed, on a port of its own. */
export interface FuzzServer {
  /** A fresh account with a policy in it: whatever a request destroys, the next field is whole again. */
  readonly field: () => Promise<FuzzField>;
  readonly stop: () => Promise<void>;
}

export interface FuzzField {
  /** Header values that let somebody in: an owner of all, somebody with some permissions, a host, an owner by Basic. */
  readonly authorizations: readonly string[];
  /** Sends a request; wherever it says `demo`, the field's own account stands. */
  readonly send: (request: RawRequest) => Promise<RawAnswer>;
  /** Faults of the server's own since the last call. */
  readonly takeFaults: () => readonly unknown[];
}

/** Longer than anything may take here. */
export const patienceMs = 10_000;

/** What stands in a field, by its kind. */
export const knownIds: Readonly<Record<string, readonly string[]>> = {
  user: ['admin', 'alice'],
  host: ['app/web'],
  group: ['devs'],
  layer: ['servers'],
  policy: ['root', 'data'],
  variable: ['data/db/password', 'data/plain'],
  host_factory: ['factory'],
  webservice: ['conjur/authn-jwt/ci'],
};

/** The same, as a request may name it. */
export const knownNames: readonly string[] = Object.entries(knownIds).flatMap(([kind, ids]) =>
  ids.flatMap((id) => [id, `demo:${kind}:${id}`, `${kind}:${id}`, `${kind}/${id}`]),
);

const policy = `
- !user alice
- !host app/web
- !group devs
- !layer servers
- !policy { id: data, owner: !group devs, body: [ !variable db/password, !variable { id: plain, annotations: { a: b } } ] }
- !host-factory { id: factory, layers: [ !layer servers ] }
- !policy { id: conjur/authn-jwt, body: [ !webservice ci, !webservice ci/status ] }
- !policy conjur/issuers
- !policy { id: conjur/kitchen/ca, body: [ !webservice ] }
- !permit { role: !host app/web, privilege: sign, resource: !webservice conjur/kitchen/ca }
- !grant { role: !group devs, member: !user alice }
- !permit { role: !host app/web, privileges: [ read, execute ], resource: !variable data/db/password }
`;

/** Every setting that is off by default is on, so that no route hides. */
const settings: ApiSettings = {
  ...(Object.fromEntries(
    Object.entries(defaultApiSettings).map(([name, value]) => [name, value === false ? true : value]),
  ) as unknown as ApiSettings),
  trustedProxies: ['127.0.0.0/8'],
};

export async function startFuzzServer(): Promise<FuzzServer> {
  const server = await startTestServer({ settings });
  server.time.now = Date.now();
  server.become();
  const faults: unknown[] = [];
  const logFault = (error: unknown): void => void faults.push(error);
  const app = await buildApp({ ...server.context, logFault }, { passOn: async () => 'refused' });
  const http = createServer((request, response) => app.routing(request, response)).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  let fields = 0;
  return {
    field: async () => {
      fields += 1;
      const account = `d${String(fields).padStart(3, '0')}`; // as long as `demo`, so that lengths stay true
      return {
        authorizations: await sow(server, account),
        send: (request) => sendRaw(port, renamed(request, account), patienceMs),
        takeFaults: () => faults.splice(0),
      };
    },
    stop: async () => {
      http.closeAllConnections();
      http.close();
      await app.close();
      await server.stop();
    },
  };
}

async function sow(server: TestServer, account: string): Promise<readonly string[]> {
  const { data, audit } = server.addresses;
  const { adminApiKey } = await provision({ data, audit, account, dataKey: server.dataKey });
  const tokenOf = async (login: string, key: string): Promise<string> => {
    const url = `/authn/${account}/${encodeURIComponent(login)}/authenticate`;
    const answer = await server.app.inject({ method: 'POST', url, payload: key });
    return `Token token="${Buffer.from(answer.body).toString('base64')}"`;
  };
  const authorization = await tokenOf('admin', adminApiKey.reveal());
  const post = (url: string, payload: string) =>
    server.app.inject({ method: 'POST', url, payload, headers: { authorization } });
  const loaded = await post(`/policies/${account}/policy/root`, policy);
  const { created_roles: created } = loaded.json<{ created_roles: Record<string, { api_key: string }> }>();
  await post(`/secrets/${account}/variable/data/db/password`, 'value');
  const keyOf = (id: string): string => created[`${account}:${id}`]?.api_key ?? '';
  return [
    authorization,
    await tokenOf('alice', keyOf('user:alice')),
    await tokenOf('host/app/web', keyOf('host:app/web')),
    authorization,
    `Basic ${Buffer.from(`admin:${adminApiKey.reveal()}`).toString('base64')}`,
  ];
}

function renamed(request: RawRequest, account: string): RawRequest {
  const body = Buffer.from(request.body).toString('latin1').replaceAll('demo', account);
  return {
    ...request,
    target: request.target.replaceAll('demo', account),
    body: Buffer.from(body, 'latin1'),
  };
}
