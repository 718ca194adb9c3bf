import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { createLogger } from '../../runtime/log.ts';
import { startTestServer } from '../../server/testing/test-server.ts';
import { readConfig } from '../config/read-config.ts';
import { standsAlone } from '../http/report.ts';
import { startVaultStandIn } from '../testing/vault-stand-in.ts';
import { openDesk } from './run-desk.ts';
import { makePasses } from './run-turn.ts';

const passes = 4;
/** Well below what the servers themselves close an idle connection after. */
const closedWithinMs = 3000;

it('leaves no connection open behind its passes, neither to the source nor to the target', {
  timeout: 60_000,
}, async (t) => {
  const server = await startTestServer();
  t.after(() => server.stop());
  const connections: Socket[] = [];
  server.app.server.on('connection', (socket: Socket) => connections.push(socket));
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 });
  const vault = await startVaultStandIn({
    secrets: new Map([['s/db', { version: 1, values: { key: 'v' } }]]),
  });
  t.after(vault.stop);
  const directory = mkdtempSync(join(tmpdir(), 'hf-connections-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const key = (name: string, text: string): void =>
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  key('key', server.adminApiKey.reveal());
  key('token', 'root-token');
  const reading = readConfig(
    `vault: v
target: {url: '${url}', account: ${server.account}, login: admin, apiKeyFile: key}
source: {kind: vault, url: '${vault.url}', linesOfBusiness: [{name: l, mount: kv, tokenFile: token}]}
stateDirectory: state`,
    directory,
  );
  assert.ok(reading.ok);
  const config = { ...reading.config, everyMs: 1 };
  const stop = new AbortController();
  const desk = await openDesk({ config: () => config, standing: () => standsAlone, stop: stop.signal });
  t.after(desk.close);
  let left = passes;
  await makePasses(
    {
      desk,
      log: createLogger({ name: 'test', level: 'fatal' }),
      stop: stop.signal,
      position: { position: null },
      reread: async () => config,
      lookedAt: { token: null },
    },
    {
      signal: stop.signal,
      authority: null,
      token: null,
      onPass: () => {
        left -= 1;
        // So that the next one has something to write: the target is asked nothing when nothing has changed.
        vault.secrets.set('s/db', { version: left + 10, values: { key: `v${left}` } });
        if (left === 0) stop.abort();
      },
    },
  );
  assert.deepEqual([...desk.report.counts.passes], [['done', passes]]);
  assert.ok(connections.length >= passes && vault.connections.length >= passes);
  const bound = AbortSignal.timeout(closedWithinMs);
  const open = await Promise.all(
    [...connections, ...vault.connections].map(
      async (socket) =>
        !socket.closed &&
        (await once(socket, 'close', { signal: bound }).then(
          () => false,
          () => true,
        )),
    ),
  );
  assert.equal(open.filter(Boolean).length, 0, 'connections are left open');
});
