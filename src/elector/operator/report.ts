import { fencingToken } from '../../core/election/fencing-token.ts';
import { ask, countOf, fieldsOf, isFields, jsonOf, listOf, textOf } from '../consul/answer.ts';
import type { ConsulHttp } from '../consul/http.ts';
import { readSession } from '../consul/sessions.ts';
import type { ElectionSettings } from '../settings/settings.ts';

/** Who leads an election, as Consul knows it. */
export interface ElectionReport {
  readonly service: string;
  readonly key: string;
  readonly modifyIndex: number;
  readonly leader: Leader | null;
}

interface Leader {
  readonly session: string;
  /** Null: the key was overwritten while it was held, and only the leader knows its token. */
  readonly token: string | null;
  readonly node: string;
  /** The id of the service entry that names the session; null: none does. */
  readonly service: string | null;
  readonly address: string | null;
  /** By the wall clock of the leader; null: not told. */
  readonly since: string | null;
  readonly flags: number;
}

/** Reads it, once the key is no longer at `after.index` or the time is over. */
export async function readReport(
  http: ConsulHttp,
  { key, serviceName }: ElectionSettings,
  timeoutMs: number,
  after: { readonly index: number; readonly waitMs: number } | null = null,
): Promise<ElectionReport> {
  const name = key.replace(/^\/+/u, '');
  const path = `/v1/kv/${name.split('/').map(encodeURIComponent).join('/')}`;
  const waitMs = Math.max(1, Math.round(after?.waitMs ?? 1));
  const query = {
    consistent: true,
    ...(after === null ? {} : { index: after.index, wait: `${waitMs}ms` }),
  } as const;
  const purpose = { what: 'the lock is read', permission: `key:read on ${name}` };
  const answer = await ask(
    http,
    { method: 'GET', path, query, timeoutMs: timeoutMs + 2 * waitMs },
    purpose,
    [404],
  );
  const [entry] = answer.status === 404 ? [] : listOf(jsonOf(answer));
  const report = {
    service: serviceName,
    key,
    modifyIndex: entry === undefined ? 0 : countOf(entry, 'ModifyIndex'),
  };
  const session = entry === undefined ? '' : textOf(entry, 'Session');
  if (entry === undefined || session === '') return { ...report, leader: null };
  const flags = countOf(entry, 'Flags');
  const locks = countOf(entry, 'LockIndex');
  const instance = await instanceOf(http, serviceName, session, timeoutMs);
  return {
    ...report,
    leader: {
      session,
      token: locks === 0 ? null : fencingToken(countOf(entry, 'CreateIndex'), locks),
      node: (await readSession(http, session, timeoutMs))?.node ?? 'an unknown node',
      ...instance,
      since: flags === 0 ? null : new Date(flags * 1000).toISOString(),
      flags,
    },
  };
}

async function instanceOf(
  http: ConsulHttp,
  serviceName: string,
  session: string,
  timeoutMs: number,
): Promise<Pick<Leader, 'service' | 'address'>> {
  const path = `/v1/health/service/${encodeURIComponent(serviceName)}`;
  const purpose = { what: 'the service is read', permission: 'service:read and node:read' };
  const all = listOf(jsonOf(await ask(http, { method: 'GET', path, timeoutMs }, purpose)));
  for (const each of all) {
    const service = fieldsOf(each['Service']);
    const { Meta: meta, Port: port } = service;
    if (!isFields(meta) || meta['session'] !== session) continue;
    const host = textOf(service, 'Address') || textOf(fieldsOf(each['Node']), 'Address');
    return { service: textOf(service, 'ID'), address: `${host}:${String(port)}` };
  }
  return { service: null, address: null };
}
