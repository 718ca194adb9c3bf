import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { ServingState } from '../../core/serving.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { isTooOld, refusesAsTooOld } from './follower-data.ts';

const settings = {
  followerWrites: 'pass-on',
  followerMaxStalenessSeconds: 10,
  followerWhenStale: 'refuse',
  positionWaitMs: 200,
} as const;

describe('a follower', { timeout: 60_000 }, () => {
  let server: TestServer;
  let authorization: string;
  const master = { host: 'node-1', port: 7443 };
  const passedOn: unknown[] = [];
  let masterAnswers = true;

  before(async () => {
    server = await startTestServer({
      holdMs: 300,
      settings,
      passOn: async (request, reply, how) => {
        passedOn.push([`${request.method} ${request.url}`, how.to, how.keepsClient]);
        if (masterAnswers)
          void reply.code(201).header('x-holdfast-position', '1-0/1').send('from the master');
        return masterAnswers ? 'answered' : 'unreached';
      },
    });
    await server.load('- !variable v');
    authorization = await server.tokenFor('admin', server.adminApiKey.reveal());
  });
  after(() => server.stop());
  beforeEach(() => {
    passedOn.length = 0;
    masterAnswers = true;
    follow();
  });

  const follow = (state: Partial<ServingState> = {}): void =>
    server.become({
      role: 'follower',
      authorityUntil: null,
      writes: 'closed',
      master: [master],
      data: { asOf: { mono: server.time.now, boot: server.time.now }, timeline: 3 },
      ...state,
    });
  const ask = (method: 'GET' | 'POST', headers: Readonly<Record<string, string>> = {}) =>
    server.app.inject({
      method,
      url: '/secrets/demo/variable/v',
      headers: { authorization, ...headers },
      ...(method === 'POST' ? { payload: 'value' } : {}),
    });
  const write = () => ask('POST');
  const read = (headers?: Readonly<Record<string, string>>) => ask('GET', headers);

  it('passes writes on to the master, and stays the node of its client', async () => {
    const answer = await write();
    assert.deepEqual([answer.statusCode, answer.body], [201, 'from the master']);
    assert.equal(answer.headers['x-holdfast-position'], '1-0/1');
    assert.notEqual(answer.headers.connection, 'close');
    assert.deepEqual(passedOn, [['POST /secrets/demo/variable/v', master, true]]);
  });

  it('answers a write 503 when no master takes it, and says that nothing was done', async () => {
    masterAnswers = false;
    const refused = await write();
    assert.deepEqual([refused.statusCode, refused.headers['retry-after']], [503, '1']);
    assert.equal(refused.headers['x-holdfast-untouched'], '1');
    follow({ master: [] });
    assert.equal((await write()).statusCode, 503);
  });

  it('takes a write up that came while no master was known', async () => {
    follow({ master: [] });
    const written = write();
    await new Promise((resolve) => setImmediate(resolve));
    follow();
    assert.equal((await written).statusCode, 201);
  });

  it('says how old its data is, with each answer and in its health', async () => {
    server.become();
    await write();
    follow();
    server.time.now += 1500;
    follow({ data: { asOf: { mono: server.time.now - 1500, boot: server.time.now - 1500 }, timeline: 3 } });
    const answer = await read();
    assert.deepEqual([answer.statusCode, answer.headers['x-holdfast-data-age']], [200, '1.500']);
    const health = (await server.app.inject('/health')).json<Record<string, unknown>>();
    assert.deepEqual(health['replication'], { lag_seconds: 1.5, limit_seconds: 10, too_old: false });
    assert.equal(health['degraded'], false);
  });

  it('refuses reads, and leaves the load balancer, once its data is older than allowed', async () => {
    const old = { mono: server.time.now - 10_001, boot: server.time.now - 10_001 };
    for (const asOf of [old, null]) {
      follow({ data: { asOf, timeline: 3 } });
      const refused = await read();
      assert.equal(refused.statusCode, 503);
      assert.match(refused.json<{ error: { message: string } }>().error.message, /old|age/);
      const health = await server.app.inject('/health');
      assert.equal(health.statusCode, 502);
      assert.equal(health.json<{ degraded: boolean }>().degraded, true);
    }
    assert.equal((await write()).statusCode, 201, 'what the master answers is not old');
  });

  it('waits for the timeline of a position, then for its place, and answers with what it has by then', async () => {
    const { positions } = server.context.store;
    const { replayed } = positions;
    const asked: bigint[] = [];
    const noted: typeof replayed = async (lsn) => {
      asked.push(lsn);
      return true;
    };
    Object.assign(positions, { replayed: noted });
    try {
      const behind = await read({ 'x-holdfast-position': '4-0/10' });
      assert.match(behind.body, /does not have yet/);
      assert.deepEqual(asked, [], 'further on an earlier timeline is not further');
      const waiting = read({ 'x-holdfast-position': '4-0/10' });
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { now } = server.time;
      follow({ data: { asOf: { mono: now - 40, boot: now - 40 }, timeline: 4 } });
      const answer = await waiting;
      assert.equal(answer.statusCode, 200);
      assert.equal(answer.headers['x-holdfast-data-age'], '0.040', 'as new as it was when the wait was over');
      assert.deepEqual(asked, [16n]);
    } finally {
      Object.assign(positions, { replayed });
    }
  });

  it('refuses what is no position, and what it does not have within the wait', async () => {
    const malformed = await read({ 'x-holdfast-position': 'yesterday' });
    assert.equal(malformed.statusCode, 422);
    assert.match(malformed.json<{ error: { message: string } }>().error.message, /x-holdfast-position/);
    for (const position of ['3-FF/0', '4-0/1']) {
      const behind = await read({ 'x-holdfast-position': position });
      assert.deepEqual([behind.statusCode, behind.headers['retry-after']], [503, '1'], position);
    }
  });

  it('is asked for no position where it is master: a master has everything', async () => {
    server.become();
    assert.equal((await read({ 'x-holdfast-position': '9-FF/0' })).statusCode, 200);
    assert.match(
      (await write()).headers['x-holdfast-position']?.toString() ?? '',
      /^1-[0-9A-F]+\/[0-9A-F]+$/,
    );
  });
});

describe('data that is too old', () => {
  it('is what is older than the limit, and what nobody knows the age of', () => {
    assert.deepEqual(
      [9_999, 10_000, 10_001, null].map((age) => isTooOld(age, settings)),
      [false, false, true, true],
    );
    const unlimited = { ...settings, followerMaxStalenessSeconds: null };
    assert.deepEqual([isTooOld(null, unlimited), isTooOld(1e9, unlimited)], [false, false]);
  });

  it('is refused where the operator says so', () => {
    assert.equal(refusesAsTooOld(null, settings), true);
    assert.equal(refusesAsTooOld(null, { ...settings, followerWhenStale: 'degrade' }), false);
  });
});
