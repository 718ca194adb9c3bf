import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { electionTiming } from '../../core/election/timing.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { startTestServer, type TestServer } from '../../server/testing/test-server.ts';
import { prepareElection } from '../testing/conjur-scene.ts';
import { createPublishedBackend } from './published-backend.ts';

const leaseMs = 10_000;
const bounds = { timeoutMs: electionTiming(leaseMs, leaseMs / 3).callMs };
const never = new AbortController().signal;

/** A request as it came over the wire, without what differs from one to the next. */
interface Recorded {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string;
}

/** Passes requests on to a server, and writes down what they were. */
async function startRecorder(url: string, recorded: Recorded[]): Promise<Server> {
  const recorder = createServer((request: IncomingMessage, response) => {
    void (async () => {
      const body = await text(request);
      const { method = '', url: path = '', rawHeaders } = request;
      const headers = rawHeaders.map((value, at) =>
        at % 2 === 0 ? value.toLowerCase() : value.replace(/^Token token="[^"]+"$/u, 'Token token="…"'),
      );
      recorded.push({ line: `${method} ${path}`, headers, body });
      const { host: _host, connection: _connection, ...rest } = request.headers;
      const passed = Object.entries(rest).map(([name, value]): [string, string] => [name, String(value)]);
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: passed.filter(([name]) => name !== 'content-length'),
        ...(method === 'GET' ? {} : { body }),
      });
      response.statusCode = answer.status;
      response.setHeader('date', answer.headers.get('date') ?? '');
      response.end(await answer.text());
    })();
  });
  recorder.listen(0, '127.0.0.1');
  await once(recorder, 'listening');
  return recorder;
}

describe('an election by the published protocol, as a plain member', { timeout: 60_000 }, () => {
  let server: TestServer;
  let url: string;
  const recorded: Recorded[] = [];
  let recorder: Server;
  before(async () => {
    server = await startTestServer();
    recorder = await startRecorder(await server.app.listen({ host: '127.0.0.1', port: 0 }), recorded);
    const address = recorder.address();
    assert.ok(typeof address === 'object' && address !== null);
    url = `http://127.0.0.1:${address.port}`;
  });
  after(async () => {
    recorder.closeAllConnections();
    recorder.close();
    await server.stop();
  });

  it('sends the requests of the design note, byte for byte, and no others', async () => {
    const scene = await prepareElection(server, 'published', ['sync-1']);
    const member = scene.member('sync-1');
    const backend = createPublishedBackend({
      ...member,
      fetch: openWebFetch({ ca: null }),
      url,
      name: 'node "1"',
      leaseMs,
    });
    const { id } = await backend.openSession(bounds);
    const seen = await backend.watch(null, { ...bounds, waitMs: 0, signal: never });
    recorded.length = 0;
    const taken = await backend.acquire(id, seen, bounds);
    assert.equal(taken !== 'gone' && taken.holder, id);
    const beforeRenewal = Math.floor(Date.now() / 1000);
    assert.equal(await backend.renewSession(id, bounds), 'renewed');
    await backend.release(id, bounds);
    backend.close();
    const common = ['host', new URL(url).host, 'connection', 'keep-alive'];
    const token = ['authorization', 'Token token="…"'];
    const headers = (more: readonly string[] = []) => ['accept', '*/*', ...more, ...token];
    const sized = (body: string) => ['content-length', String(Buffer.byteLength(body))];
    const yaml = ['content-type', 'application/x-yaml'];
    const expiration = '/secrets/demo/variable/conjur%2Fvault-synchronizer%2Fleader-expiration';
    const leader = '/policies/demo/policy/conjur%2Fvault-synchronizer%2Fleader';
    const put = '- !delete\n  record: !host current-leader\n';
    const post = '- !host\n  id: current-leader\n  annotations:\n    host: "node \\"1\\""\n';
    const times = recorded.filter(({ line }) => line === `POST ${expiration}`).map(({ body }) => body);
    for (const time of times.slice(0, 2)) {
      assert.match(time, /^\d{10}$/u);
      const aheadSeconds = Number(time) - beforeRenewal;
      assert.ok(Math.abs(aheadSeconds - leaseMs / 1000) <= 2, `${aheadSeconds} s ahead`);
    }
    const read = { line: `GET ${expiration}`, headers: [...headers(), ...common], body: '' };
    const write = (body: string): Recorded => ({
      line: `POST ${expiration}`,
      headers: [...headers(), ...sized(body), ...common],
      body,
    });
    assert.deepEqual(recorded, [
      read,
      { line: `PUT ${leader}`, headers: [...headers(yaml), ...sized(put), ...common], body: put },
      { line: `POST ${leader}`, headers: [...headers(yaml), ...sized(post), ...common], body: post },
      write(times[0] ?? ''),
      read,
      write(times[1] ?? ''),
      write('0'),
    ]);
    assert.equal(await scene.expiration(), '0');
  });
});
