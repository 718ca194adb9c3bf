/** The API as a node serves it, without TLS: a master whose authority never ends, or a follower whose data is never old. */
import { createServer } from 'node:http';
import { defaultApiSettings } from '../src/core/api-settings.ts';
import { plus } from '../src/core/clock.ts';
import type { ServingState } from '../src/core/serving.ts';
import { realClock } from '../src/runtime/real-clock.ts';
import { buildApp } from '../src/server/app.ts';
import { PolicyLoader } from '../src/server/policy/loader.ts';
import { installedAuthenticators } from '../src/server/authn/installed.ts';
import { Serving } from '../src/server/serving/serving.ts';
import { steadyClock } from '../src/server/serving/steady-clock.ts';
import { Keyring } from '../src/server/token/keyring.ts';
import { TokenVerifier } from '../src/server/token/verifier.ts';
import { readDataKey } from '../src/store/data-key.ts';
import { openStore, type Store } from '../src/store/open-store.ts';
import { PasswordHasher } from '../src/store/password.ts';
import type { ServeOptions, ServeSettings } from './setting.ts';

const dayMs = 86_400_000;

/** How often a follower is told how new its data is. */
const newsMs = 500;

async function serve(settings: ServeSettings & Partial<ServeOptions>): Promise<void> {
  const { account, socketDir, dataPort, auditPort, follower = false, unaudited = false } = settings;
  const dataKey = await readDataKey(settings.dataKeyFile);
  const data = { socketDir, port: dataPort };
  const audit = { socketDir, port: auditPort, node: 'node-1' };
  const opened = openStore({ data, audit, dataKey });
  const store = unaudited ? withoutAudit(opened) : opened;
  const serving = new Serving(steadyClock(realClock, () => Number(process.hrtime.bigint()) / 1e6));
  const keyring = new Keyring(store);
  const app = await buildApp(
    {
      account,
      nodeName: 'bench',
      authenticators: installedAuthenticators(() => performance.now()),
      metrics: null,
      settings: { ...defaultApiSettings, userTokenTtlSeconds: 18_000, hostTokenTtlSeconds: 18_000 },
      store,
      policies: new PolicyLoader({ data, audit, dataKey }),
      serving,
      keyring,
      tokens: new TokenVerifier(keyring, () => Date.now() / 1000),
      passwords: new PasswordHasher(),
      databases: () => ({ data: true, audit: true }),
      wallClock: () => Date.now(),
      logFault: (error) => process.stderr.write(`fault: ${String(error)}\n`),
      logRefusal: (problem) => process.stderr.write(`refused: ${problem.code}\n`),
    },
    { passOn: async () => 'refused' },
  );
  const obey = (): void => serving.obey(stateNow(follower));
  obey();
  if (follower) setInterval(obey, newsMs);
  const server = createServer((request, response) => app.routing(request, response));
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.(typeof address === 'object' ? (address?.port ?? 0) : 0);
  });
}

function stateNow(follower: boolean): ServingState {
  const sentAt = realClock.now();
  return {
    role: follower ? 'follower' : 'master',
    term: 1,
    authorityUntil: follower ? null : plus(sentAt, dayMs),
    writes: 'open',
    successor: null,
    heir: null,
    handsOver: false,
    master: [],
    members: [],
    audit: { queued: null, isFull: false, forwards: {} },
    data: follower ? { asOf: sentAt, timeline: 1 } : { asOf: null, timeline: null },
    because: 'the benchmark says so',
    health: { ok: true, body: {} },
    replicationOpen: true,
    sentAt,
    validForMs: dayMs,
  };
}

function withoutAudit(store: Store): Store {
  return { ...store, audit: { ...store.audit, append: async () => undefined } };
}

process.once('disconnect', () => process.exit(0));
process.once('message', (settings: ServeSettings & Partial<ServeOptions>) => void serve(settings));
