import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';
import { openClient, openDoor } from './client.ts';
import type { Fetch, FetchInit } from './fetch.ts';
import { createHost, createHostFactoryTokens, revokeHostFactoryToken } from './host-factories.ts';

// The requests are those of the official clients: cyberark/conjur-api-go, conjurapi/host_factory.go and requests.go.

interface Sent extends Pick<FetchInit, 'method' | 'body'> {
  readonly path: string;
  readonly authorization: string | undefined;
}

/** A server that answers each request alike, and hands out tokens. */
function answering(status: number, body: unknown): { readonly fetch: Fetch; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch: Fetch = async (url, { method, body: content, headers }) => {
    const path = url.slice('https://vault'.length);
    if (path.endsWith('/authenticate')) return Response.json({ payload: '' });
    sent.push({ method, path, body: content, authorization: headers['authorization'] });
    return status === 204 ? new Response(null, { status }) : Response.json(body, { status });
  };
  return { fetch, sent };
}

const who = { url: 'https://vault', account: 'demo', login: 'admin', apiKey: new Secret('k') };

test('tokens are asked for by a form, a range for each place they may come from', async () => {
  const { fetch, sent } = answering(200, [
    { token: 't0k', expiration: '2030-01-01T00:00:00Z', cidr: ['10.0.0.0/8'] },
  ]);
  const [made] = await createHostFactoryTokens(openClient({ ...who, fetch }), {
    factory: 'apps/web',
    expiration: new Date('2030-01-01T00:00:00Z'),
    count: 1,
    cidr: ['10.0.0.0/8', '192.0.2.1'],
  });
  assert.equal(made?.token.reveal(), 't0k');
  assert.equal(sent[0]?.path, '/host_factory_tokens');
  assert.deepEqual(
    [...new URLSearchParams(String(sent[0]?.body))],
    [
      ['host_factory', 'demo:host_factory:apps/web'],
      ['expiration', '2030-01-01T00:00:00.000Z'],
      ['count', '1'],
      ['cidr[]', '10.0.0.0/8'],
      ['cidr[]', '192.0.2.1'],
    ],
  );
});

test('a token makes a host by itself, as it is, and is revoked by its name', async () => {
  const { fetch, sent } = answering(201, { id: 'demo:host:web-1', api_key: 'k3y' });
  const token = new Secret('t0k');
  const host = await createHost(openDoor({ url: who.url, fetch }), {
    id: 'web-1',
    token,
    annotations: { team: 'a&b' },
  });
  assert.deepEqual([host.id, host.apiKey?.reveal()], ['demo:host:web-1', 'k3y']);
  assert.deepEqual(sent[0], {
    method: 'POST',
    path: '/host_factories/hosts',
    body: 'id=web-1&annotations%5Bteam%5D=a%26b',
    authorization: 'Token token="t0k"',
  });
  const revoked = answering(204, null);
  await revokeHostFactoryToken(openClient({ ...who, fetch: revoked.fetch }), token);
  assert.deepEqual([revoked.sent[0]?.method, revoked.sent[0]?.path], ['DELETE', '/host_factory_tokens/t0k']);
});

test('a host that shall have no API key is made without one', async () => {
  const wanted = { id: 'web-1', token: new Secret('t0k'), annotations: { 'authn/api-key': 'false' } };
  const made = answering(201, { id: 'demo:host:web-1', api_key: null });
  const host = await createHost(openDoor({ url: who.url, fetch: made.fetch }), wanted);
  assert.deepEqual([host.id, host.apiKey], ['demo:host:web-1', null]);
  const odd = answering(201, { id: 'demo:host:web-1' });
  await assert.rejects(createHost(openDoor({ url: who.url, fetch: odd.fetch }), wanted), (error) =>
    isProblem(error, 'api_unexpected'),
  );
});

test('a token that is refused is not quoted', async () => {
  const { fetch } = answering(404, { error: { code: 'not_found', message: 'no token t0k-canary' } });
  await assert.rejects(
    revokeHostFactoryToken(openClient({ ...who, fetch }), new Secret('t0k-canary')),
    (error) => isProblem(error, 'api_missing') && !error.message.includes('canary'),
  );
});
