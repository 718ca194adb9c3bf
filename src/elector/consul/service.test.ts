import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import type { ConsulHttp } from './http.ts';
import { findService } from './service.ts';

/** An agent that has these services. */
function agentWith(
  entries: readonly Readonly<Record<string, unknown>>[],
  datacenter: string | null = null,
): ConsulHttp {
  const text = JSON.stringify(Object.fromEntries(entries.map((entry) => [entry['ID'], entry])));
  const call: ConsulHttp['call'] = async () => ({ status: 200, index: 1, text });
  return { call, where: 'here', datacenter, close: () => undefined };
}

it('the search for a service ends with the signal', async () => {
  const ending = new AbortController();
  const http: ConsulHttp = {
    where: 'here',
    datacenter: null,
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

it('a service in another datacenter than the one that is told is refused, where Consul tells it', async () => {
  const entries = [{ ID: 'web-1', Service: 'web', Datacenter: 'dc1' }];
  const query = { id: 'web-1', allocId: null, name: 'web', port: null };
  assert.equal(await findService(agentWith(entries, 'dc1'), query, 1000), 'web-1');
  await assert.rejects(
    findService(agentWith(entries, 'dc2'), query, 1000),
    (error) => isProblem(error, 'config_invalid') && /"dc1", and not in "dc2"/u.test(error.detail),
  );
});
