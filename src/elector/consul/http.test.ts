import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { readConsulAddress } from './address.ts';
import { plainConnection } from './connection-settings.ts';
import { type ConsulHttp, openConsulHttp } from './http.ts';
import { acquireLock } from './lock.ts';
import { viewService } from './service.ts';
import { ringOnChanges } from './service-bell.ts';
import { renewSession } from './sessions.ts';

async function serve(
  t: TestContext,
  listener: RequestListener,
  connection: Partial<typeof plainConnection> = {},
): Promise<ConsulHttp> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const http = await openConsulHttp({
    ...plainConnection,
    ...connection,
    address: `http://127.0.0.1:${address.port}`,
  });
  t.after(() => {
    http.close();
    server.close();
    server.closeAllConnections();
  });
  return http;
}

describe('a client of Consul', { timeout: 20_000 }, () => {
  it('sends token, namespace and datacenter with each call, over one connection', async (t) => {
    const seen: unknown[] = [];
    const sockets = new Set<unknown>();
    const http = await serve(
      t,
      (request, response) => {
        sockets.add(request.socket);
        seen.push([request.url, request.headers['x-consul-token']]);
        response.setHeader('x-consul-index', '7').end('[]');
      },
      { token: new Secret('hush'), namespace: 'team', datacenter: 'dc2' },
    );
    const call = { method: 'GET', path: '/v1/kv/a', query: { consistent: true }, timeoutMs: 1000 } as const;
    for (let each = 0; each < 3; each += 1) {
      assert.deepEqual(await http.call(call), { status: 200, index: 7, text: '[]' });
    }
    assert.deepEqual(seen[0], ['/v1/kv/a?consistent=&dc=dc2&ns=team', 'hush']);
    await http.call({ method: 'GET', path: '/v1/agent/services', timeoutMs: 1000 });
    assert.deepEqual(seen[3], ['/v1/agent/services?ns=team', 'hush']);
    assert.equal(sockets.size, 1);
  });

  it('gives a call up after its time, and does not know whether it was done', async (t) => {
    const http = await serve(t, () => undefined);
    await assert.rejects(
      http.call({ method: 'PUT', path: '/v1/x', timeoutMs: 100 }),
      (error) => isProblem(error, 'consul_unanswered') && error.detail.includes('within 100 ms'),
    );
  });

  it('gives a call up whose answer does not end', async (t) => {
    const http = await serve(t, (_request, response) => {
      response.write('[');
    });
    await assert.rejects(http.call({ method: 'GET', path: '/v1/x', timeoutMs: 100 }), (error) =>
      isProblem(error, 'consul_unanswered'),
    );
  });

  it('does not take an answer without end', async (t) => {
    const http = await serve(t, (_request, response) => {
      response.end(Buffer.alloc(9 * 1024 * 1024));
    });
    await assert.rejects(http.call({ method: 'GET', path: '/v1/x', timeoutMs: 5000 }), (error) =>
      isProblem(error, 'consul_unanswered'),
    );
  });

  it('asks from the beginning when the index goes back, and never with 0', async (t) => {
    const asked: (string | null)[] = [];
    const answers = [5, 9, 3, 0, 4];
    const closing = new AbortController();
    const http = await serve(t, (request, response) => {
      asked.push(new URL(request.url ?? '', 'http://x').searchParams.get('index'));
      const index = answers.shift();
      if (index === undefined) closing.abort();
      else response.setHeader('x-consul-index', String(index)).end('[]');
    });
    let rings = 0;
    await ringOnChanges(
      { http, id: 'web' },
      {
        name: 'web',
        waitMs: 1000,
        timeoutMs: 1000,
        retryMs: 10,
        signal: closing.signal,
        ring: () => {
          rings += 1;
        },
        failed: (error) => assert.fail(String(error)),
      },
    );
    assert.deepEqual(asked, [null, '5', '9', null, '1', '4']);
    assert.equal(rings, 4);
  });

  it('pauses when a proxy answers each wait at once, though nothing changed', async (t) => {
    let asked = 0;
    const closing = new AbortController();
    const http = await serve(t, (_request, response) => {
      asked += 1;
      response.setHeader('x-consul-index', '7').end('[]');
    });
    const over = setTimeout(() => closing.abort(), 1000);
    await ringOnChanges(
      { http, id: 'web' },
      {
        name: 'web',
        waitMs: 60_000,
        timeoutMs: 1000,
        retryMs: 200,
        signal: closing.signal,
        ring: () => undefined,
        failed: (error) => assert.fail(String(error)),
      },
    );
    clearTimeout(over);
    assert.ok(asked >= 3 && asked <= 8, `asked ${asked} times in a second`);
  });

  for (const status of [408, 425, 429, 500, 503]) {
    it(`takes ${status} for a trouble that passes`, async (t) => {
      const http = await serve(t, (_request, response) => {
        response.writeHead(status).end('Your request was rate limited');
      });
      await assert.rejects(renewSession(http, 'mine', 1000), (error) =>
        isProblem(error, 'consul_unavailable'),
      );
    });
  }

  it('does not take a busy agent for one without the service, or with a check that warns', async (t) => {
    for (const body of ['rate limit', '{"error":"rate limit"}']) {
      const http = await serve(t, (_request, response) => {
        response.writeHead(429).end(body);
      });
      await assert.rejects(viewService({ http, id: 'web' }, 1000), (error) =>
        isProblem(error, 'consul_unavailable'),
      );
    }
  });

  for (const [what, isGone] of [
    ['failed index check for key "invalid session/lock", current modify index 9 != 7', false],
    ['failed to lock key "invalid session/lock": lock is already held', false],
    ['invalid session "mine"', true],
  ] as const) {
    it(`knows whether its session has ended when a lock is refused: ${what}`, async (t) => {
      const entry = { Session: 'other', CreateIndex: 5, ModifyIndex: 9, LockIndex: 2 };
      const http = await serve(t, (request, response) => {
        if (request.url?.startsWith('/v1/txn') === true)
          response
            .writeHead(409)
            .end(JSON.stringify({ Results: null, Errors: [{ OpIndex: 0, What: what }] }));
        else response.end(JSON.stringify([entry]));
      });
      const lock = {
        http,
        key: 'invalid session/lock',
        onValue: () => undefined,
        taken: { entry: null, hasLostCount: false },
      };
      const seen = { holder: null, token: '', isUnsettled: false, cursor: '7' };
      const answer = await acquireLock(lock, 'mine', seen, { timeoutMs: 1000 });
      assert.equal(answer === 'gone' ? 'gone' : answer.holder, isGone ? 'gone' : 'other');
    });
  }
});

describe('addresses', () => {
  for (const [text, useTls, expected] of [
    ['localhost:8500', false, ['tcp', false, 'localhost', 8500]],
    ['localhost', false, ['tcp', false, 'localhost', 8500]],
    ['localhost:8501', true, ['tcp', true, 'localhost', 8501]],
    ['https://consul.example.com', false, ['tcp', true, 'consul.example.com', 443]],
    ['127.0.0.1:80', false, ['tcp', false, '127.0.0.1', 80]],
    ['consul.example.com:443', true, ['tcp', true, 'consul.example.com', 443]],
    ['http://localhost:8500', true, ['tcp', true, 'localhost', 8500]],
    ['http://localhost:80/consul', true, ['tcp', true, 'localhost', 80]],
    ['http://consul.example.com', true, ['tcp', true, 'consul.example.com', 443]],
    ['[::1]', false, ['tcp', false, '::1', 8500]],
    ['http://[::1]:8500', false, ['tcp', false, '::1', 8500]],
  ] as const) {
    it(`are read as Consul reads ${text}, TLS ${useTls ? 'asked for' : 'not asked for'}`, () => {
      const address = readConsulAddress(text, useTls);
      assert.ok(address.kind === 'tcp');
      assert.deepEqual([address.kind, address.secure, address.host, address.port], expected);
    });
  }

  it('may be sockets', () => {
    for (const text of ['unix:///run/consul.sock', 'http+unix:///run/consul.sock']) {
      assert.deepEqual(readConsulAddress(text, false), { kind: 'unix', socketPath: '/run/consul.sock' });
    }
  });

  for (const text of ['', 'ftp://x', 'http://', 'unix://', 'http://user@x']) {
    it(`are not made of "${text}"`, () => {
      assert.throws(
        () => readConsulAddress(text, false),
        (error) => isProblem(error, 'config_invalid'),
      );
    });
  }
});
