import { type ApiSettings, defaultApiSettings } from '../../core/api-settings.ts';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Instant } from '../../core/clock.ts';
import type { ServingState } from '../../core/serving.ts';
import { PasswordHasher } from '../../store/password.ts';
import { type ProvisionedStore, startProvisionedStore } from '../../store/testing/provisioned-store.ts';
import { buildApp } from '../app.ts';
import { installedAuthenticators } from '../authn/installed.ts';
import type { ServerContext } from '../context.ts';
import { type LoaderBounds, PolicyLoader } from '../policy/loader.ts';
import { openMetrics } from '../metrics/open-metrics.ts';
import type { PassOn } from '../serving/pass-on.ts';
import { Serving } from '../serving/serving.ts';
import { Keyring } from '../token/keyring.ts';
import { TokenVerifier } from '../token/verifier.ts';

type Answer = Awaited<ReturnType<FastifyInstance['inject']>>;

/** An app on a real database, with a clock and a serving state that the test holds. */
export interface TestServer extends ProvisionedStore {
  readonly app: FastifyInstance;
  readonly context: ServerContext;
  /** The time, in milliseconds; tests move it. */
  readonly time: { now: number };
  /** An open master unless told otherwise. */
  readonly become: (state?: Partial<ServingState>) => void;
  /** The value of an Authorization header. */
  readonly tokenFor: (login: string, apiKey: string) => Promise<string>;
  readonly asAdmin: (options: InjectOptions) => Promise<Answer>;
  /** Loads a policy as admin and answers the API keys of what it made, by role id. */
  readonly load: (policy: string, branch?: string) => Promise<ReadonlyMap<string, string>>;
  readonly auditMessages: () => Promise<readonly string[]>;
}

export async function startTestServer(
  options: {
    readonly passOn?: PassOn;
    readonly holdMs?: number;
    readonly settings?: Partial<ApiSettings>;
    readonly loader?: Partial<LoaderBounds>;
  } = {},
): Promise<TestServer> {
  const provisioned = await startProvisionedStore();
  const { store, account } = provisioned;
  const time = { now: 1_000_000 };
  const now = (): Instant => ({ mono: time.now, boot: time.now });
  const serving = new Serving({ now });
  const keyring = new Keyring(store);
  const settings = { ...defaultApiSettings, ...options.settings };
  const context: ServerContext = {
    account,
    nodeName: 'node-1',
    settings,
    store,
    policies: new PolicyLoader({ ...provisioned.addresses, dataKey: provisioned.dataKey }, options.loader),
    serving,
    metrics: settings.telemetry ? await openMetrics({ store, serving, settings, worker: null }) : null,
    keyring,
    tokens: new TokenVerifier(keyring, () => time.now / 1000),
    passwords: new PasswordHasher(),
    authenticators: installedAuthenticators(() => time.now),
    databases: () => ({ data: true, audit: true }),
    wallClock: () => time.now,
    logFault: (error) => process.stderr.write(`fault: ${String(error)}\n`),
    logRefusal: () => undefined,
  };
  const passOn = options.passOn ?? (async () => 'refused');
  const app = await buildApp(context, {
    passOn,
    ...(options.holdMs === undefined ? {} : { holdMs: options.holdMs }),
  });
  const become = (state: Partial<ServingState> = {}): void =>
    serving.obey({ ...openMaster, authorityUntil: plusMs(now(), 60_000), sentAt: now(), ...state });
  become();
  const tokenFor = async (login: string, apiKey: string): Promise<string> => {
    const url = `/authn/${account}/${encodeURIComponent(login)}/authenticate`;
    const answer = await app.inject({ method: 'POST', url, payload: apiKey });
    if (answer.statusCode !== 200) throw new Error(`authenticate answered ${answer.statusCode}`);
    return `Token token="${Buffer.from(answer.body).toString('base64')}"`;
  };
  const asAdmin = async (request: InjectOptions): Promise<Answer> => {
    const authorization = await tokenFor('admin', provisioned.adminApiKey.reveal());
    return app.inject({ ...request, headers: { authorization, ...request.headers } });
  };
  return {
    ...provisioned,
    app,
    context,
    time,
    become,
    tokenFor,
    asAdmin,
    load: async (policy, branch = 'root') => {
      const url = `/policies/${account}/policy/${encodeURIComponent(branch)}`;
      const answer = await asAdmin({ method: 'POST', url, payload: policy });
      if (answer.statusCode !== 201) throw new Error(`policy load: ${answer.statusCode} ${answer.body}`);
      const { created_roles: roles } = answer.json<{ created_roles: Record<string, { api_key: string }> }>();
      return new Map(Object.entries(roles).map(([id, role]) => [id, role.api_key]));
    },
    auditMessages: async () => {
      const rows = await provisioned.postgres.inDatabase(
        provisioned.addresses.audit,
        (sql) => sql<{ message: string }[]>`select message from all_messages order by id, part`,
      );
      return rows.map((row) => row.message);
    },
    stop: async () => {
      await app.close();
      await context.policies.end();
      await provisioned.stop();
    },
  };
}

const openMaster: Omit<ServingState, 'authorityUntil' | 'sentAt'> = {
  role: 'master',
  term: 1,
  writes: 'open',
  successor: null,
  heir: null,
  handsOver: false,
  master: [],
  members: [],
  audit: { queued: null, isFull: false, forwards: {} },
  data: { asOf: null, timeline: null },
  because: 'the test says so',
  health: { ok: true, body: { degraded: false } },
  replicationOpen: true,
  validForMs: 30_000,
};

function plusMs(instant: Instant, ms: number): Instant {
  return { mono: instant.mono + ms, boot: instant.boot + ms };
}
