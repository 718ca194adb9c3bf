import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import { openClient, type Sql } from '../../store/connection.ts';
import { stickCommits, waitingBackend } from '../../store/testing/stuck-commits.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

describe('the gate', { timeout: 60_000 }, () => {
  let server: TestServer;
  let authorization: string;
  const passedOn: string[] = [];

  before(async () => {
    server = await startTestServer({
      holdMs: 400,
      settings: { followerWrites: 'refuse' },
      passOn: async (request, reply, { to }) => {
        passedOn.push(`${request.method} ${request.url} to ${to.host}:${to.port}`);
        void reply.code(201).send('from the successor');
        return 'answered';
      },
    });
    await server.load('- !variable v');
    authorization = await server.tokenFor('admin', server.adminApiKey.reveal());
  });
  after(() => server.stop());
  beforeEach(() => {
    server.become();
    passedOn.length = 0;
  });

  const read = () => server.app.inject({ url: '/secrets/demo/variable/v', headers: { authorization } });
  const write = (value: string) =>
    server.app.inject({
      method: 'POST',
      url: '/secrets/demo/variable/v',
      payload: value,
      headers: { authorization },
    });
  const untilUnderWay = async (): Promise<void> => {
    while (server.context.serving.writesUnderWay === 0) await new Promise((resolve) => setImmediate(resolve));
  };

  it('refuses everything but health and info on a standby, in the shape of Conjur and with Retry-After', async () => {
    assert.equal((await write('value')).statusCode, 201);
    for (const role of ['standby', 'starting'] as const) {
      server.become({ role, authorityUntil: null, writes: 'closed', health: { ok: false, body: {} } });
      for (const answer of [await read(), await write('x'), await server.app.inject('/')]) {
        assert.equal(answer.statusCode, 503);
        assert.equal(answer.headers['retry-after'], '1');
        assert.equal(answer.json<{ error: { code: string } }>().error.code, 'service_unavailable');
      }
      assert.equal((await server.app.inject('/health')).statusCode, 502);
      assert.equal((await server.app.inject('/info')).json<{ role: string }>().role, role);
    }
  });

  it('serves reads and authentication on a follower, and answers writes 405', async () => {
    server.become({ role: 'follower', authorityUntil: null });
    assert.equal((await read()).statusCode, 200);
    await server.tokenFor('admin', server.adminApiKey.reveal());
    const refused = await write('x');
    assert.equal(refused.statusCode, 405);
    assert.deepEqual(refused.json(), { error: { code: 405, message: 'Write operations are not allowed' } });
  });

  it('serves nobody once the agent has been silent for longer than its state is valid', async () => {
    server.become({ validForMs: 100 });
    assert.equal((await read()).statusCode, 200);
    server.time.now += 101;
    assert.equal((await read()).statusCode, 503);
    const health = await server.app.inject('/health');
    assert.equal(health.statusCode, 502);
    assert.match(health.json<{ because: string }>().because, /silent/);
  });

  it('serves nobody past its authority', async () => {
    server.become({ authorityUntil: { mono: server.time.now + 50, boot: Number.MAX_SAFE_INTEGER } });
    assert.equal((await read()).statusCode, 200);
    server.time.now += 50;
    assert.equal((await read()).statusCode, 503);
    assert.equal((await server.app.inject('/health')).statusCode, 502);
  });

  it('turns an answer that is ready after the deadline into a 503 without the value', async () => {
    await write('late secret');
    const { secrets } = server.context.store;
    const slow: typeof secrets = {
      ...secrets,
      read: async (...asked) => {
        const answer = await secrets.read(...asked);
        server.time.now += 60_001; // the database has answered; authority ends now
        return answer;
      },
    };
    Object.assign(server.context.store, { secrets: slow });
    try {
      const answer = await read();
      assert.equal(answer.statusCode, 503);
      assert.ok(!answer.body.includes('late secret'));
      assert.match(answer.headers['content-type']?.toString() ?? '', /json/);
    } finally {
      Object.assign(server.context.store, { secrets });
      server.become();
      authorization = await server.tokenFor('admin', server.adminApiKey.reveal());
    }
  });

  it('lets the answers out that it owes while it hands over, and calls a write that is cut off then uncertain', async () => {
    await write('owed');
    const handing = { role: 'starting', writes: 'held' } as const;
    const { secrets, secretWrites } = server.context.store;
    const handsOver: typeof secrets = {
      ...secrets,
      read: async (...asked) => {
        const answer = await secrets.read(...asked);
        server.become(handing); // its authority stands until the databases are stopped
        return answer;
      },
    };
    Object.assign(server.context.store, {
      secrets: handsOver,
      secretWrites: {
        ...secretWrites,
        store: async (...asked: Parameters<typeof secretWrites.store>): Promise<boolean> => {
          const answer = await secretWrites.store(...asked);
          server.become({ role: 'standby', authorityUntil: null, writes: 'closed' });
          return answer;
        },
      },
    });
    try {
      assert.deepEqual([(await read()).statusCode, (await write('x')).statusCode], [200, 503]);
      server.become();
      const cutOff = await write('cut off');
      assert.equal(cutOff.json<{ error: { code: string } }>().error.code, 'write_indeterminate');
      assert.equal(cutOff.headers['x-holdfast-untouched'], undefined);
    } finally {
      Object.assign(server.context.store, { secrets, secretWrites });
      server.become();
    }
  });

  it('gives the answer of the successor to a write whose body came in while the hand-over began', async () => {
    const successor = { host: 'node-2', port: 7443 };
    const body = new Readable({
      read() {
        server.become({ role: 'starting', authorityUntil: null, writes: 'held', successor });
        this.push('late body');
        this.push(null);
      },
    });
    const answer = await server.app.inject({
      method: 'POST',
      url: '/secrets/demo/variable/v',
      payload: body,
      headers: { authorization, 'content-type': 'text/plain', 'content-length': '9' },
    });
    assert.deepEqual([answer.statusCode, answer.body], [201, 'from the successor']);
  });

  it('turns the answer of a master that was followed by another term into a 503', async () => {
    await write('old term');
    const { secrets } = server.context.store;
    const demoted: typeof secrets = {
      ...secrets,
      read: async (...asked) => {
        const answer = await secrets.read(...asked);
        server.become({ term: 2 });
        return answer;
      },
    };
    Object.assign(server.context.store, { secrets: demoted });
    try {
      assert.equal((await read()).statusCode, 503);
    } finally {
      Object.assign(server.context.store, { secrets });
    }
  });

  it('answers writes 503 at once while they are closed, and says that nothing was done', async () => {
    server.become({ writes: 'closed' });
    const refused = await write('x');
    assert.equal(refused.statusCode, 503);
    assert.equal(refused.headers['x-holdfast-untouched'], '1');
    assert.equal((await read()).statusCode, 200);
  });

  it('holds a write until writes are open again', async () => {
    server.become({ writes: 'held' });
    const held = write('after the hold');
    assert.equal((await read()).statusCode, 200);
    assert.equal(server.context.serving.writesUnderWay, 0, 'a held write has not begun');
    server.become({ writes: 'open' });
    assert.equal((await held).statusCode, 201);
    assert.equal((await read()).body, 'after the hold');
  });

  it('passes a held write on once the successor is known, also when this node serves nobody any more', async () => {
    server.become({ writes: 'held' });
    const held = write('handed over');
    await new Promise((resolve) => setImmediate(resolve));
    const successor = { host: 'node-2', port: 7443 };
    server.become({ role: 'standby', authorityUntil: null, writes: 'held', successor });
    const answer = await held;
    assert.equal(answer.statusCode, 201);
    assert.equal(answer.body, 'from the successor');
    assert.deepEqual(passedOn, ['POST /secrets/demo/variable/v to node-2:7443']);
  });

  it('holds reads too once a hand-over has stopped the databases, stays in the load balancer, and sends clients on', async () => {
    const handing = { role: 'starting', authorityUntil: null, writes: 'held' } as const;
    server.become({ ...handing, health: { ok: true, body: {} } });
    assert.equal((await server.app.inject('/health')).statusCode, 200);
    const held = read();
    const successor = { host: 'node-2', port: 7443 };
    server.become({ ...handing, role: 'standby', successor, health: { ok: true, body: {} } });
    const answer = await held;
    assert.equal(answer.body, 'from the successor');
    const statuses = async (): Promise<readonly number[]> =>
      Promise.all(
        ['/health', '/health/clients'].map(async (url) => (await server.app.inject(url)).statusCode),
      );
    assert.deepEqual(await statuses(), [200, 200], 'until the load balancer has seen the successor');
    server.time.now += 301;
    assert.deepEqual(await statuses(), [502, 404], 'nothing new, and what is under way may end');
    server.become({
      role: 'standby',
      authorityUntil: null,
      writes: 'closed',
      health: { ok: false, body: {} },
    });
    assert.deepEqual(await statuses(), [502, 502]);
    assert.deepEqual(passedOn, ['GET /secrets/demo/variable/v to node-2:7443']);
  });

  it('never holds what another node has passed on while it hands over: that asks the next master', async () => {
    const passed = (state: Partial<Parameters<typeof server.become>[0]>) => {
      server.become(state);
      return server.app.inject({
        method: 'POST',
        url: '/secrets/demo/variable/v',
        payload: 'x',
        headers: { authorization, 'x-holdfast-passed-on': '1' },
      });
    };
    const refused = await passed({ writes: 'held', handsOver: true });
    assert.deepEqual([refused.statusCode, refused.headers['x-holdfast-untouched']], [503, '1']);
    const held = passed({ writes: 'held' }); // a new master that waits for its first standby
    await new Promise((resolve) => setImmediate(resolve));
    server.become();
    assert.equal((await held).statusCode, 201);
  });

  it('is not healthy as a master past its authority, whatever is held', async () => {
    server.become({
      writes: 'held',
      authorityUntil: { mono: server.time.now + 50, boot: Number.MAX_SAFE_INTEGER },
    });
    assert.equal((await server.app.inject('/health')).statusCode, 200);
    server.time.now += 50;
    assert.equal((await server.app.inject('/health')).statusCode, 502);
  });

  it('answers a held write 503 when nothing changes within the bound', async () => {
    server.become({ writes: 'held' });
    assert.equal((await write('x')).statusCode, 503);
  });

  it('counts writes under way, and a wait cancelled on the database makes them 503', async () => {
    const probe: Sql = openClient(server.addresses.data, { name: 'probe' });
    const letThrough = await stickCommits(server.postgres.superuser, probe);
    try {
      const written = write('uncertain');
      await untilUnderWay();
      const pid = await waitingBackend(server.postgres.superuser);
      assert.equal(server.context.serving.writesUnderWay, 1);
      await server.postgres.superuser`select pg_cancel_backend(${pid})`;
      const answer = await written;
      assert.equal(answer.statusCode, 503);
      assert.equal(answer.json<{ error: { code: string } }>().error.code, 'write_indeterminate');
      assert.equal(answer.headers['x-holdfast-untouched'], undefined);
      assert.equal(server.context.serving.writesUnderWay, 0);
    } finally {
      await letThrough();
      await probe.end({ timeout: 1 });
    }
  });

  it('opens replication health with the leader key, healthy or not', async () => {
    server.become({ health: { ok: false, body: {} } });
    assert.equal((await server.app.inject('/health/replication')).statusCode, 200);
    server.become({ replicationOpen: false });
    assert.equal((await server.app.inject('/health/replication')).statusCode, 502);
    server.become();
    const head = await server.app.inject({ method: 'HEAD', url: '/health' });
    assert.deepEqual([head.statusCode, head.headers['conjur-health'], head.body], [200, 'OK', '']);
  });

  it('answers 503 when the audit trail cannot take the record', async () => {
    await server.postgres.inDatabase(
      server.addresses.audit,
      (sql) => sql`alter table messages rename to gone`,
    );
    try {
      assert.equal((await read()).statusCode, 503);
    } finally {
      await server.postgres.inDatabase(
        server.addresses.audit,
        (sql) => sql`alter table gone rename to messages`,
      );
    }
    assert.equal((await read()).statusCode, 200);
  });
});
