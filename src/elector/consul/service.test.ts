import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ConsulHttp } from './http.ts';
import { findService } from './service.ts';

/** An agent that has these services. */
function agentWith(entries: readonly Readonly<Record<string, unknown>>[]): ConsulHttp {
  const text = JSON.stringify(Object.fromEntries(entries.map((entry) => [entry['ID'], entry])));
  return { call: async () => ({ status: 200, index: 1, text }), where: 'here', close: () => undefined };
}

it('the search for a service ends with the signal', async () => {
  const ending = new AbortController();
  const http: ConsulHttp = {
    where: 'here',
    close: () => undefined,
    call: ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('given up')));
      }),
  };
  const query = { id: 'web', allocId: null, name: 'web', port: null };
  const found = findService(http, query, 60_000, ending.signal);
  ending.abort();
  await assert.rejects(found, /given up/u);
});

it('the proxies and gateways beside a service are not taken for it', async () => {
  const http = agentWith([
    { ID: '_nomad-task-a1-group-web-web-db', Service: 'web', Kind: '' },
    {
      ID: '_nomad-task-a1-group-web-web-db-sidecar-proxy',
      Service: 'web-sidecar-proxy',
      Kind: 'connect-proxy',
    },
    { ID: '_nomad-task-a1-group-web-gate', Service: 'gate', Kind: 'ingress-gateway' },
  ]);
  const query = { id: null, allocId: 'a1', name: 'other', port: null };
  assert.equal(await findService(http, query, 1000), '_nomad-task-a1-group-web-web-db');
});
