import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { WorkerCommand, WorkerEvent } from '../core/serving.ts';
import { createLogger } from '../runtime/log.ts';
import { messages } from '../store/migrations/audit-001-messages.ts';
import { ask, startTestNode, stateNow, type TestNode } from './testing/test-node.ts';
import { startWorker } from './worker.ts';

describe('the API worker', { timeout: 60_000 }, () => {
  let node: TestNode;
  before(async () => {
    node = await startTestNode();
  });
  after(() => node.stop());

  const authenticate = async (port: number): Promise<string> => {
    const path = '/authn/demo/admin/authenticate';
    const answer = await ask(port, path, { ca: node.tls.ca, method: 'POST', body: node.adminApiKey });
    assert.equal(answer.status, 200);
    return `Token token="${Buffer.from(answer.body).toString('base64')}"`;
  };

  it('obeys its agent over IPC, and ends with it', async (test) => {
    const settings = await node.settings();
    const child: ChildProcess = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    test.after(() => child.kill('SIGKILL'));
    const said = (kind: WorkerEvent['kind']): Promise<WorkerEvent> =>
      new Promise((resolve) => {
        const listen = (event: WorkerEvent): void => {
          if (event.kind !== kind) return;
          child.off('message', listen);
          resolve(event);
        };
        child.on('message', listen);
      });
    const tell = (command: WorkerCommand): void => void child.send(command);
    const listening = said('listening');
    tell({ kind: 'settings', settings });
    await listening;
    const { ca } = node.tls;
    assert.equal((await ask(settings.api.port, '/health', { ca })).status, 502, 'no state yet');
    const obeys = said('obeys');
    const state = stateNow();
    tell({ kind: 'state', state });
    assert.deepEqual(await obeys, { kind: 'obeys', sentAtMono: state.sentAt.mono, writesUnderWay: 0 });
    while ((await ask(settings.api.port, '/health', { ca })).status !== 200) await delay(20); // the databases' first answers
    const authorization = await authenticate(settings.api.port);
    assert.equal((await ask(settings.api.port, '/whoami', { ca, headers: { authorization } })).status, 200);
    const ended = once(child, 'exit');
    child.disconnect();
    assert.equal((await ended)[0], 0);
  });

  it('brings databases of an older version up to date each time it becomes master', async (test) => {
    const worker = await startWorker(
      await node.settings(),
      createLogger({ name: 'test', level: 'silent' }),
      () => undefined,
    );
    test.after(() => worker.stop());
    const path = '/authn/demo/admin/authenticate';
    const login = () =>
      ask(worker.ports.api, path, { ca: node.tls.ca, method: 'POST', body: node.adminApiKey });
    for (const term of [1, 2]) {
      await makeOlder(node);
      worker.obey(stateNow({ term }));
      for (let answer = await login(); answer.status !== 200; answer = await login()) {
        assert.equal(answer.status, 503, answer.body);
        worker.obey(stateNow({ term }));
      }
      worker.obey(stateNow({ term, role: 'standby', writes: 'closed', authorityUntil: null }));
    }
  });

  it('of a follower answers nothing that it cannot record, where its trail has no room', async (test) => {
    const log = createLogger({ name: 'test', level: 'silent' });
    const worker = await startWorker(await node.settings(), log, () => undefined);
    test.after(() => worker.stop());
    const path = '/authn/demo/admin/authenticate';
    const login = async (isFull: boolean): Promise<number> => {
      const audit = { queued: 1, isFull, forwards: {} };
      worker.obey(stateNow({ role: 'follower', writes: 'closed', authorityUntil: null, audit }));
      const body = node.adminApiKey;
      return (await ask(worker.ports.api, path, { ca: node.tls.ca, method: 'POST', body })).status;
    };
    assert.deepEqual([await login(false), await login(true), await login(false)], [200, 503, 200]);
  });

  it('lets other nodes in with a certificate of the cluster only', async () => {
    const settings = await node.settings();
    const worker = await startWorker(
      settings,
      createLogger({ name: 'test', level: 'fatal' }),
      () => undefined,
    );
    try {
      worker.obey(stateNow());
      const { ca, cert, key } = node.tls;
      await assert.rejects(ask(worker.ports.peer, '/info', { ca }));
      assert.equal((await ask(worker.ports.peer, '/info', { ca, cert, key })).status, 200);
    } finally {
      await worker.stop();
    }
  });

  it('passes held writes on to the new master, with the token and the address of the caller', async () => {
    const log = createLogger({ name: 'test', level: 'fatal' });
    const old = await startWorker(await node.settings(), log, () => undefined);
    const fresh = await startWorker(await node.settings(), log, () => undefined);
    try {
      const { ca, cert, key } = node.tls;
      fresh.obey(stateNow({ role: 'starting', writes: 'closed', authorityUntil: null }));
      old.obey(stateNow());
      const authorization = await authenticate(old.ports.api);
      const post = (path: string, body: string, headers = {}) =>
        ask(old.ports.api, path, { ca, method: 'POST', body, headers: { authorization, ...headers } });
      assert.equal((await post('/policies/demo/policy/root', '- !variable handed')).status, 201);
      const successor = { host: '127.0.0.1', port: fresh.ports.peer };
      old.obey(stateNow({ role: 'starting', writes: 'held', authorityUntil: null, successor }));
      const forged = { 'x-holdfast-caller-address': '203.0.113.9' };
      const held = post('/secrets/demo/variable/handed', 'over', forged);
      fresh.obey(stateNow({ term: 2 })); // it refuses until now, and the old node asks again
      assert.equal((await held).status, 201);
      const shown = await ask(fresh.ports.peer, '/secrets/demo/variable/handed', {
        ca,
        cert,
        key,
        headers: { authorization },
      });
      assert.equal(shown.body, 'over');
      const [record] = await node.audit.inDatabase(
        node.audit.address,
        (sql) => sql<{ ip: string }[]>`
          select sdata -> 'client@43868' ->> 'ip' as ip from messages where msgid = 'update' order by id desc limit 1`,
      );
      assert.equal(record?.ip, '127.0.0.1', 'the address the old node saw, not one that a client claims');
      const looped = await post('/secrets/demo/variable/handed', 'x', { 'x-holdfast-passed-on': '1' });
      assert.equal(looped.status, 503);
    } finally {
      await Promise.all([old.stop(), fresh.stop()]);
    }
  });

  it('of a follower gives writes to the master behind a load balancer, whose certificate has another name', async () => {
    const log = createLogger({ name: 'test', level: 'fatal' });
    const follower = await startWorker(await node.settings(), log, () => undefined);
    const settings = await node.settings();
    const peer = { ...settings.peer, host: '0.0.0.0' };
    const master = await startWorker({ ...settings, peer }, log, () => undefined);
    try {
      master.obey(stateNow());
      const authorization = await authenticate(master.ports.api);
      const through = (certificateName: string): void =>
        follower.obey(
          stateNow({
            role: 'follower',
            writes: 'closed',
            authorityUntil: null,
            // No certificate here is for 127.0.0.2.
            // The first way leads nowhere.
            master: [
              { host: '127.0.0.1', port: 9 },
              { host: '127.0.0.2', port: master.ports.peer, certificateName },
            ],
          }),
        );
      const write = () =>
        ask(follower.ports.api, '/policies/demo/policy/root', {
          ca: node.tls.ca,
          method: 'POST',
          body: '- !variable passed',
          headers: { authorization },
        });
      through('localhost');
      assert.equal((await write()).status, 201);
      through('somebody.else');
      assert.equal((await write()).status, 503, 'nothing is sent to whom nobody knows');
    } finally {
      await Promise.all([follower.stop(), master.stop()]);
    }
  });

  it('shares its ports with others, and leaves them to those that are left', async () => {
    const log = createLogger({ name: 'test', level: 'fatal' });
    const settings = await node.settings();
    const workers = await Promise.all(
      [1, 2, 3].map((worker) => startWorker({ ...settings, worker }, log, () => undefined)),
    );
    const [first, ...others] = workers;
    try {
      for (const worker of workers) worker.obey(stateNow());
      const { ca } = node.tls;
      const answered = async (): Promise<number> => {
        const many = Array.from({ length: 30 }, () => ask(settings.api.port, '/info', { ca }));
        return (await Promise.all(many)).filter(({ status }) => status === 200).length;
      };
      assert.equal(await answered(), 30);
      await first?.stop();
      assert.equal(await answered(), 30);
    } finally {
      await Promise.all(others.map((worker) => worker.stop()));
    }
  });
});

/** Takes the audit database back to the first step, with nothing in it. */
async function makeOlder(node: TestNode): Promise<void> {
  await node.audit.inDatabase(node.audit.address, async (sql) => {
    await sql`drop view all_messages`;
    await sql`drop table messages, chains, segments, checkpoints, signers, forwards, forward_targets cascade`;
    await sql`drop sequence messages_ids`;
    await sql`delete from schema_migrations`;
    await sql.unsafe(messages.sql);
    await sql`insert into schema_migrations (version, name) values (1, 'messages')`;
  });
}
