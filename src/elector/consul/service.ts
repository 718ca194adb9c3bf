import { Problem } from '../../core/problem.ts';
import { ask, type Fields, fieldsOf, isFields, jsonOf, listOf, textOf } from './answer.ts';
import type { ConsulHttp } from './http.ts';

/** One service of the agent we speak to. */
export interface LocalService {
  readonly http: ConsulHttp;
  readonly id: string;
}

/** A service as its agent has it now. */
export interface ServiceView {
  /** The whole entry, what we do not know of included. */
  readonly entry: Fields;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string>>;
  /** The names of its checks, and of its node's, that are critical. */
  readonly critical: readonly string[];
}

/** How the service of one task is recognized. */
export interface ServiceQuery {
  /** Exact; null: not told. */
  readonly id: string | null;
  readonly allocId: string | null;
  readonly name: string;
  readonly port: number | null;
}

const read = (what: string): { readonly what: string; readonly permission: string } => ({
  what,
  permission: 'service:read on this service',
});

/**
 * The id of the one service on this agent that `query` means; null: there is none yet. By its id; else by Nomad's form
 * `_nomad-task-<alloc id>-…`, character by character; else by name, and port where one is told.
 *
 * @throws Problem `config_invalid` when several would do
 */
export async function findService(
  http: ConsulHttp,
  query: ServiceQuery,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<string | null> {
  const bound = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
  const call = { method: 'GET', path: '/v1/agent/services', ...bound } as const;
  const answer = fieldsOf(jsonOf(await ask(http, call, read('the services of the agent are read'))));
  const fits = chosen(Object.values(answer).filter(isFields), query);
  if (fits.length > 1) {
    const ids = fits.map((entry) => textOf(entry, 'ID')).join(', ');
    throw new Problem(
      'config_invalid',
      `${describeQuery(query)} means several services of this agent: ${ids}. Name one with --service-id or CONSUL_LEADER_SERVICE_ID.`,
    );
  }
  const [found] = fits;
  if (found === undefined) return null;
  checkEntry(http, found);
  return textOf(found, 'ID');
}

/** Newer versions of Consul tell the datacenter of an entry: 1.8 does not, and refuses a session of another later. */
function checkEntry({ where, datacenter }: ConsulHttp, entry: Fields): void {
  const own = textOf(entry, 'Datacenter');
  if (own === '' || datacenter === null || own === datacenter) return;
  throw new Problem(
    'config_invalid',
    `CONSUL_DATACENTER: the agent at ${where} is in the datacenter "${own}", and not in "${datacenter}". Sessions belong to a node: name its own datacenter, or none.`,
  );
}

/** What stands beside a service, with an entry of its own: a Connect proxy, a gateway. An id may mean one nevertheless. */
const proxies = /^connect-proxy$|-gateway$/u;

function chosen(entries: readonly Fields[], { id, allocId, name, port }: ServiceQuery): readonly Fields[] {
  if (id !== null) return entries.filter((entry) => textOf(entry, 'ID') === id);
  const own = entries.filter((entry) => !proxies.test(textOf(entry, 'Kind')));
  const byPort = (entry: Fields): boolean => port === null || entry['Port'] === port;
  const named = own.filter((entry) => textOf(entry, 'Service') === name && byPort(entry));
  if (allocId === null) return named;
  const ofAlloc = (entry: Fields): boolean => textOf(entry, 'ID').startsWith(`_nomad-task-${allocId}-`);
  const both = named.filter(ofAlloc);
  return both.length > 0 ? both : own.filter((entry) => ofAlloc(entry) && byPort(entry));
}

/** How a query is told to people. */
export function describeQuery({ id, allocId, name, port }: ServiceQuery): string {
  if (id !== null) return `the service id "${id}"`;
  if (allocId !== null) return `the Nomad allocation ${allocId}`;
  return `the service name "${name}"${port === null ? '' : ` with port ${port}`}`;
}

/** Null: the agent has no such service. */
export async function viewService(
  { http, id }: LocalService,
  timeoutMs: number,
): Promise<ServiceView | null> {
  const path = `/v1/agent/health/service/id/${encodeURIComponent(id)}`;
  const call = { method: 'GET', path, query: { format: 'json' }, timeoutMs } as const;
  // 429 and 503 say that a check warns, or is critical.
  const answer = await ask(http, call, read('the service is read'), [404, 429, 503]);
  if (answer.status === 404) return null;
  const body = jsonOf(answer);
  if (!isFields(body) || !isFields(body['Service'])) {
    throw new Problem(
      'consul_unavailable',
      `Consul at ${http.where} does not tell the service now (${answer.status}).`,
    );
  }
  const entry = body['Service'];
  const checks = listOf(body['Checks'] ?? null);
  const critical = checks.filter((check) => textOf(check, 'Status') === 'critical');
  return {
    entry,
    tags: textsOf(entry['Tags']),
    meta: textMapOf(entry['Meta']),
    critical: critical.map((check) => textOf(check, 'Name') || textOf(check, 'CheckID')),
  };
}

/**
 * Registers the entry again with other tags and Meta, and all else as it was read. The agent keeps the service's checks and
 * their states, since the request names none (https://developer.hashicorp.com/consul/api-docs/agent/service).
 */
export async function writeService(
  { http }: LocalService,
  { entry }: ServiceView,
  tags: readonly string[],
  meta: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<void> {
  const { Service, Datacenter: _dc, ContentHash: _hash, Namespace, ...kept } = entry;
  const namespace = typeof Namespace === 'string' && Namespace !== '' ? { Namespace } : {};
  const body = { ...kept, ...namespace, Name: Service, Tags: tags, Meta: meta };
  const call = { method: 'PUT', path: '/v1/agent/service/register', body, timeoutMs } as const;
  await ask(http, call, { what: 'the tags are written', permission: 'service:write on this service' });
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function textMapOf(value: unknown): Readonly<Record<string, string>> {
  if (!isFields(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** The checks of a service by their ids, for sessions that are tied to them. */
export async function checksOfService(
  { http, id }: LocalService,
  timeoutMs: number,
): Promise<readonly string[]> {
  const call = { method: 'GET', path: '/v1/agent/checks', timeoutMs } as const;
  const answer = fieldsOf(jsonOf(await ask(http, call, read('the checks of the agent are read'))));
  const own = Object.values(answer).filter((check) => isFields(check) && textOf(check, 'ServiceID') === id);
  return own.map((check) => textOf(fieldsOf(check), 'CheckID'));
}
