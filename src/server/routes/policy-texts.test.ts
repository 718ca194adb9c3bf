import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

interface Shown {
  readonly id: string;
  readonly policy_versions?: readonly { readonly version: number; readonly policy_text: string }[];
}

describe('the texts of policies', { timeout: 60_000 }, () => {
  let server: TestServer;

  before(async () => {
    server = await startTestServer();
    await server.load('- !policy large\n- !policy small\n- !policy never-loaded\n');
    await server.load('- !variable "\\u00e9"\n', 'small');
    await server.postgres.inDatabase(
      server.addresses.data,
      (sql) => sql`
      insert into policy_versions (resource_id, version, role_id, policy_text, policy_sha256, client_ip, finished_at)
      select 'demo:policy:large', n, 'demo:user:admin', n || repeat(e'\\n# a "quoted" remark', 470000), 'x', '127.0.0.1', now()
      from generate_series(1, 20) n`,
    );
  });
  after(() => server.stop());

  it('are shown as far as an answer may hold them, the newest of each policy first of all', async () => {
    const { policy_versions: versions = [] } = (
      await server.asAdmin({ url: '/resources/demo/policy/large' })
    ).json<Shown>();
    assert.deepEqual(
      versions.map(({ version, policy_text: text }) => [version, Number.parseInt(text, 10)]),
      [
        [18, 18],
        [19, 19],
        [20, 20],
      ],
    );
    const list = (await server.asAdmin({ url: '/resources/demo/policy' })).json<Shown[]>();
    assert.deepEqual(
      list.map(({ id, policy_versions: shown }) => [id, shown?.length]),
      [
        ['demo:policy:large', 3],
        ['demo:policy:never-loaded', 0],
        ['demo:policy:root', 1],
        ['demo:policy:small', 1],
      ],
    );
    assert.equal(list[3]?.policy_versions?.[0]?.policy_text, '- !variable "\\u00e9"\n');
    const empty = await server.asAdmin({ url: '/resources/demo?kind=variable&search=nothing' });
    assert.equal(empty.body, '[]');
  });

  it('hold no other request up for long', async () => {
    const lag = monitorEventLoopDelay({ resolution: 5 });
    lag.enable();
    assert.equal((await server.asAdmin({ url: '/resources/demo/policy/large' })).statusCode, 200);
    lag.disable();
    assert.ok(lag.max / 1e6 < 1000, `${lag.max / 1e6} ms`); // some 50 on an idle machine, for what 32 MiB take
  });
});
