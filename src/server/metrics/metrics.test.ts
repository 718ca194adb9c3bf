import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { kindLabel, operationOf } from './operations.ts';

describe('metrics', { timeout: 60_000 }, () => {
  let server: TestServer;

  before(async () => {
    server = await startTestServer({ settings: { telemetry: true, authenticators: ['authn-jwt/ci'] } });
    await server.load(`
- !host h
- !variable v
- !resource { kind: oddity, id: x }
- !webservice conjur/authn-jwt/ci
- !webservice conjur/authn-jwt/ci/status
- !webservice conjur/authn-<b>/ci
`);
  });
  after(() => server.stop());

  /** The samples of one metric, by their labels. */
  const samples = async (name: string): Promise<ReadonlyMap<string, number>> => {
    const answer = await server.app.inject({ url: '/metrics' });
    assert.equal(answer.statusCode, 200);
    assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/);
    const lines = answer.body.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line));
    return new Map(
      lines.map((line) => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    );
  };

  it('counts answers by status and route, under the names that Conjur has for them', async () => {
    for (let n = 0; n < 3; n += 1) await server.asAdmin({ url: `/secrets/demo/variable/none-${n}` });
    await server.asAdmin({ method: 'HEAD', url: '/resources/demo/variable/v' });
    await server.app.inject({ url: '/no/such/route' });
    const counts = await samples('conjur_http_server_requests_total');
    assert.equal(counts.get('{code="404",operation="getSecret"}'), 3);
    assert.equal(counts.get('{code="200",operation="showResource"}'), 1);
    assert.equal(counts.get('{code="404",operation="unknown"}'), 1);
    assert.ok([...counts.keys()].every((labels) => !labels.includes('none-')));
    const durations = await samples('conjur_http_server_request_duration_seconds_count');
    assert.equal(durations.get('{operation="getSecret"}'), 3);
  });

  it('counts what failed by a fault of ours, and not what a client did wrong', async () => {
    server.become({ role: 'standby' });
    await server.app.inject({ url: '/secrets/demo/variable/v' });
    const roles = await samples('holdfast_serving_role');
    assert.equal(roles.get('{role="standby"}'), 1);
    assert.equal(roles.get('{role="master"}'), 0);
    server.become();
    const failures = await samples('conjur_http_server_request_exceptions_total');
    assert.deepEqual([...failures], [['{operation="getSecret",exception="node_not_serving"}', 1]]);
  });

  it('counts roles, resources and authenticators by kinds that are bounded', async () => {
    const resources = await samples('conjur_resource_count');
    assert.equal(resources.get('{kind="variable"}'), 1);
    assert.equal(resources.get('{kind="webservice"}'), 3);
    assert.equal(resources.get('{kind="other"}'), 1);
    assert.equal((await samples('conjur_role_count')).get('{kind="host"}'), 1);
    const authenticators = await samples('conjur_server_authenticator');
    assert.equal(authenticators.get('{type="authn-jwt",status="configured"}'), 1);
    assert.equal(authenticators.get('{type="authn-jwt",status="enabled"}'), 1);
    assert.equal(authenticators.get('{type="authn",status="installed"}'), 1);
    assert.ok([...authenticators.keys()].every((labels) => !labels.includes('<b>')));
  });

  it('tells of its own: writes under way, audit records that wait, the event loop', async () => {
    assert.equal((await samples('holdfast_writes_under_way')).get(''), 0);
    assert.equal((await samples('holdfast_audit_records_waiting')).get(''), 0);
    assert.equal((await samples('holdfast_nodejs_eventloop_lag_p99_seconds')).size, 1);
  });
});

describe('metrics that are switched off', { timeout: 60_000 }, () => {
  it('are no route', async () => {
    const server = await startTestServer();
    try {
      assert.equal((await server.app.inject({ url: '/metrics' })).statusCode, 404);
    } finally {
      await server.stop();
    }
  });
});

it('names routes that Conjur does not have by their pattern', () => {
  assert.equal(operationOf('POST', '/authn/:account/*'), 'getAccessToken');
  assert.equal(operationOf('HEAD', '/secrets/:account/:kind/*'), 'getSecret');
  assert.equal(operationOf('POST', '/branches/:account'), 'POST /branches/:account');
  assert.equal(kindLabel('anything'), 'other');
});
