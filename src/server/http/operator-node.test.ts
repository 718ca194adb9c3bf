import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ServingState, WorkerSettings } from '../../core/serving.ts';
import { createLogger } from '../../runtime/log.ts';
import { ask, startTestNode, stateNow, type TestNode } from '../testing/test-node.ts';
import { startWorker, type Worker } from '../worker.ts';
import { callerAddressHeader, operatorHeader, passedOnHeader } from './holdfast-headers.ts';

/** The marks that somebody may put on a request, in the hope that one of the combinations is believed. */
const guises: readonly Readonly<Record<string, string>>[] = [
  {},
  { [operatorHeader]: '1' },
  { [operatorHeader]: '1', [passedOnHeader]: '1' },
  { [operatorHeader]: '1', [passedOnHeader]: '' },
  { [operatorHeader]: '1', [callerAddressHeader]: '127.0.0.1' },
  { [operatorHeader]: '1', connection: `${passedOnHeader}, ${callerAddressHeader}` },
  { [operatorHeader]: '1', 'x-forwarded-for': '127.0.0.1' },
];

describe('a request that a node makes for its operator', { timeout: 60_000 }, () => {
  let node: TestNode;
  let handsOver: Started;
  let master: Started;
  before(async () => {
    node = await startTestNode();
    [handsOver, master] = [await start(), await start()];
    master.become();
  });
  after(async () => {
    await Promise.all([handsOver.worker.stop(), master.worker.stop()]);
    await node.stop();
  });

  interface Started {
    readonly worker: Worker;
    readonly settings: WorkerSettings;
    readonly become: (state?: Partial<ServingState>) => void;
  }

  async function start(): Promise<Started> {
    const settings = await node.settings();
    const worker = await startWorker(
      settings,
      createLogger({ name: 'test', level: 'silent' }),
      () => undefined,
    );
    return { worker, settings, become: (state) => worker.obey(stateNow(state)) };
  }

  type Call = Pick<Parameters<typeof ask>[2], 'method' | 'headers' | 'body'>;
  const asClient = (to: Started, path: string, call: Call): ReturnType<typeof ask> =>
    ask(to.settings.api.port, path, { ca: node.tls.ca, ...call });
  const asNode = (to: Started, path: string, call: Call): ReturnType<typeof ask> =>
    ask(to.settings.peer.port, path, { ...node.tls, ...call });
  const operator = { [operatorHeader]: '1' };

  it('needs no token: it lists, makes and deletes accounts, "!" too', async () => {
    const calls = [
      ['POST', '/accounts', 'id=made', 201],
      ['POST', '/accounts', 'id=!', 201],
      ['GET', '/accounts', '', 200],
      ['DELETE', '/accounts/made', '', 204],
      ['DELETE', '/accounts/!', '', 204],
      ['DELETE', '/accounts/made', '', 404],
    ] as const;
    for (const [method, path, body, status] of calls) {
      const answer = await asNode(master, path, { method, body, headers: operator });
      assert.equal(answer.status, status, `${method} ${path} ${body}: ${answer.body}`);
      if (method === 'GET') assert.deepEqual(JSON.parse(answer.body), ['demo', 'made']);
    }
    const trail = await messages();
    assert.ok(trail.includes('!:node:localhost created the account "made"'), trail.join('\n'));
  });

  it('is believed on no other listener, in no guise', async () => {
    for (const headers of guises) {
      for (const [method, path] of [
        ['GET', '/accounts'],
        ['POST', '/accounts'],
        ['DELETE', '/accounts/demo'],
      ] as const) {
        const answer = await asClient(master, path, {
          method,
          headers,
          body: method === 'POST' ? 'id=loot' : '',
        });
        assert.equal(answer.status, 401, `${method} ${path} ${JSON.stringify(headers)}`);
      }
    }
  });

  it('is not believed of a node that speaks for a client', async () => {
    for (const headers of [
      {},
      { [passedOnHeader]: '1', [callerAddressHeader]: '192.0.2.1' },
      { ...operator, [passedOnHeader]: '1', [callerAddressHeader]: '192.0.2.1' },
      { ...operator, [passedOnHeader]: '' },
      { ...operator, [callerAddressHeader]: '127.0.0.1' },
      { [operatorHeader]: 'yes' },
    ]) {
      const answer = await asNode(master, '/accounts', { method: 'POST', headers, body: 'id=loot' });
      assert.equal(answer.status, 401, JSON.stringify(headers));
    }
  });

  it('does not come about when a master passes a request of a client on', async () => {
    const successor = { host: '127.0.0.1', port: master.settings.peer.port };
    handsOver.become({ role: 'starting', writes: 'held', successor });
    for (const headers of guises) {
      const calls = [
        ['POST', '/accounts', 'id=loot'],
        ['DELETE', '/accounts/demo', ''],
      ] as const;
      for (const [method, path, body] of calls) {
        const answer = await asClient(handsOver, path, { method, headers, body });
        // One that says it was passed on before is not passed on again.
        const expected = headers[passedOnHeader] === undefined ? 401 : 503;
        assert.equal(answer.status, expected, `${method} ${path} ${JSON.stringify(headers)}: ${answer.body}`);
      }
    }
    assert.deepEqual(await accounts(), ['demo']);
  });

  it('is not passed on, but told to ask the new master', async () => {
    const successor = { host: '127.0.0.1', port: master.settings.peer.port };
    handsOver.become({ role: 'starting', writes: 'held', successor });
    const answer = await asNode(handsOver, '/accounts', {
      method: 'POST',
      headers: operator,
      body: 'id=late',
    });
    assert.equal(answer.status, 503);
    assert.deepEqual(await accounts(), ['demo']);
  });

  it('can delete the first account too: the node goes on, and nobody can log in to it', async () => {
    const path = '/authn/demo/admin/authenticate';
    assert.equal((await asClient(master, path, { method: 'POST', body: node.adminApiKey })).status, 200);
    assert.equal(
      (await asNode(master, '/accounts/demo', { method: 'DELETE', headers: operator })).status,
      204,
    );
    assert.equal((await asClient(master, path, { method: 'POST', body: node.adminApiKey })).status, 401);
    assert.deepEqual(await accounts(), []);
    assert.equal((await asClient(master, '/', {})).status, 200);
  });

  async function accounts(): Promise<unknown> {
    return JSON.parse((await asNode(master, '/accounts', { headers: operator })).body);
  }

  async function messages(): Promise<readonly string[]> {
    const rows = await node.audit.inDatabase(
      node.audit.address,
      (sql) => sql<{ message: string }[]>`select message from messages order by id`,
    );
    return rows.map(({ message }) => message);
  }
});
