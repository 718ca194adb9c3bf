import type { Logger } from '../runtime/log.ts';
import type { PeerAddress, ServingState, WorkerEvent, WorkerSettings } from '../core/serving.ts';
import { describeError } from '../core/problem.ts';
import { realClock } from '../runtime/real-clock.ts';
import { readDataKey } from '../store/data-key.ts';
import { closeStore, openStore, warmStore } from '../store/open-store.ts';
import { PasswordHasher } from '../store/password.ts';
import { openProbe } from '../store/probe.ts';
import { prepareAudit, prepareDatabases } from '../store/provision.ts';
import { buildApp } from './app.ts';
import { installedAuthenticators } from './authn/installed.ts';
import type { ServerContext } from './context.ts';
import { openListeners, readIdentity } from './listeners.ts';
import { PolicyLoader } from './policy/loader.ts';
import { openMetrics } from './metrics/open-metrics.ts';
import { keepsWarm } from './serving/keep-warm.ts';
import { peerPassOn } from './serving/pass-on.ts';
import { Serving } from './serving/serving.ts';
import { steadyClock } from './serving/steady-clock.ts';
import { Keyring } from './token/keyring.ts';
import { TokenVerifier } from './token/verifier.ts';

/** A worker that listens. */
export interface Worker {
  readonly obey: (state: ServingState) => void;
  readonly ports: { readonly api: number; readonly peer: number };
  readonly stop: () => Promise<void>;
}

/** Opens databases and listeners. The worker serves nobody before its first state. */
export async function startWorker(
  settings: WorkerSettings,
  log: Logger,
  tell: (event: WorkerEvent) => void,
): Promise<Worker> {
  const { socketDir, dataPort, auditPort } = settings.postgres;
  const data = { socketDir, port: dataPort };
  const audit = { socketDir, port: auditPort, node: settings.nodeName };
  const dataKey = await readDataKey(settings.dataKeyFile);
  const databases = { data, audit, dataKey, auditWhenFull: settings.apiSettings.auditWhenFull };
  const store = openStore(databases);
  const probes = { data: openProbe(data), audit: openProbe(audit) };
  const serving = new Serving(steadyClock(realClock, () => Number(process.hrtime.bigint()) / 1e6));
  const keyring = new Keyring(store);
  const context: ServerContext = {
    account: settings.account,
    nodeName: settings.nodeName,
    settings: settings.apiSettings,
    store,
    policies: new PolicyLoader(databases),
    serving,
    metrics: settings.apiSettings.telemetry
      ? await openMetrics({ store, serving, settings: settings.apiSettings, worker: settings.worker })
      : null,
    keyring,
    tokens: new TokenVerifier(keyring, () => Date.now() / 1000),
    passwords: new PasswordHasher(),
    authenticators: installedAuthenticators(() => performance.now()),
    databases: () => ({ data: probes.data.answers(), audit: probes.audit.answers() }),
    wallClock: () => Date.now(),
    logFault: (error) => log.error({ fault: describeError(error) }, 'a request failed by a fault of ours'),
    logRefusal: onceASecond((problem) => {
      const { code, cause } = problem;
      const why = cause === undefined ? undefined : describeError(cause);
      log.warn({ code, why }, 'requests are refused for now');
    }),
  };
  let identity = await readIdentity(settings.tls);
  const peers = peerPassOn(() => identity, settings.apiSettings.trustedProxies);
  const app = await buildApp(context, { passOn: peers.passOn });
  const listeners = await openListeners(settings, app, identity, (fresh) => {
    identity = fresh;
  });
  const echo = echoStates(serving, tell);
  const prepare = preparesDatabases(
    { follower: () => prepareAudit(audit), master: () => prepareDatabases({ data, audit }) },
    log,
  );
  const meet = meetsHeirs(peers.connect);
  const warm = keepsWarm(() => Promise.all([warmStore(store), keyring.ofAccount(settings.account)]));
  return {
    ports: listeners.ports,
    obey: (state) => {
      serving.obey(state);
      store.audit.bound(state.audit.isFull);
      echo(state);
      prepare(state);
      warm(state);
      meet(state);
    },
    stop: async () => {
      await listeners.close();
      await app.close();
      await Promise.all([context.policies.end(), closeStore(store), probes.data.end(), probes.audit.end()]);
    },
  };
}

/** Tells the agent of each state that is obeyed, and again when the last write under way has ended. */
function echoStates(serving: Serving, tell: (event: WorkerEvent) => void): (state: ServingState) => void {
  let newest: ServingState | null = null;
  let told = -1;
  const echo = (): void => {
    if (newest === null) return;
    told = serving.writesUnderWay;
    tell({ kind: 'obeys', sentAtMono: newest.sentAt.mono, writesUnderWay: told });
  };
  serving.onChange(() => {
    if (serving.writesUnderWay === 0 && told > 0) echo();
  });
  return (state) => {
    newest = state;
    echo();
  };
}

/**
 * A follower's audit database is its own and starts empty; a master's databases may have been made by an older version.
 * Everybody else's come by replication, from a master that may be older than the last one: each time that a node begins to
 * write is a first time.
 */
function preparesDatabases(
  prepare: Readonly<Record<'master' | 'follower', () => Promise<void>>>,
  log: Logger,
): (state: ServingState) => void {
  let begun: ServingState['role'] | null = null;
  const attempt = async (role: 'master' | 'follower'): Promise<void> => {
    try {
      await prepare[role]();
    } catch (error) {
      if (begun === role) begun = null; // the next state tries again
      log.warn({ reason: describeError(error) }, `the databases of this ${role} are not up to date yet`);
    }
  };
  return ({ role, writes }) => {
    const may = role === 'follower' || (role === 'master' && writes === 'open');
    if (begun === role && may) return;
    begun = may ? role : null;
    if (may) void attempt(role);
  };
}

/** Once for each node that a hand-over names. */
function meetsHeirs(connect: (heir: PeerAddress) => void): (state: ServingState) => void {
  let met: string | null = null;
  return ({ heir }) => {
    const name = heir === null ? null : `${heir.host} ${heir.port}`;
    if (heir !== null && name !== met) connect(heir);
    met = name;
  };
}

/** The first of many within a second. */
function onceASecond<T>(say: (what: T) => void): (what: T) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (what) => {
    if (performance.now() - last < 1000) return;
    last = performance.now();
    say(what);
  };
}
