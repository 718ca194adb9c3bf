import { ask, fieldsOf, jsonOf, listOf, textOf } from './answer.ts';
import type { ConsulHttp } from './http.ts';

/** What a session is made of (https://developer.hashicorp.com/consul/api-docs/session). */
export interface SessionSpec {
  readonly name: string;
  readonly ttlMs: number;
  readonly lockDelayMs: number;
  /** Checks of the node: the session ends when one is critical. */
  readonly nodeChecks: readonly string[];
  readonly serviceChecks: readonly string[];
}

const write = 'session:write on this node';

export async function createSession(http: ConsulHttp, spec: SessionSpec, timeoutMs: number): Promise<string> {
  const body = {
    Name: spec.name,
    TTL: durationText(spec.ttlMs),
    LockDelay: durationText(spec.lockDelayMs),
    NodeChecks: spec.nodeChecks,
    ...(spec.serviceChecks.length === 0 ? {} : { ServiceChecks: spec.serviceChecks.map((ID) => ({ ID })) }),
  };
  const purpose = { what: 'a session is created', permission: write };
  const answer = await ask(http, { method: 'PUT', path: '/v1/session/create', body, timeoutMs }, purpose);
  return textOf(fieldsOf(jsonOf(answer)), 'ID');
}

export async function renewSession(
  http: ConsulHttp,
  id: string,
  timeoutMs: number,
): Promise<'renewed' | 'gone'> {
  const call = { method: 'PUT', path: `/v1/session/renew/${id}`, timeoutMs } as const;
  const answer = await ask(http, call, { what: 'the session is renewed', permission: write }, [404]);
  return answer.status === 404 ? 'gone' : 'renewed';
}

export async function destroySession(http: ConsulHttp, id: string, timeoutMs: number): Promise<void> {
  const call = { method: 'PUT', path: `/v1/session/destroy/${id}`, timeoutMs } as const;
  await ask(http, call, { what: 'the session is destroyed', permission: write });
}

/** What Consul says of a session; null: there is none. */
export async function readSession(
  http: ConsulHttp,
  id: string,
  timeoutMs: number,
): Promise<{ readonly name: string; readonly node: string } | null> {
  const call = { method: 'GET', path: `/v1/session/info/${encodeURIComponent(id)}`, timeoutMs } as const;
  const purpose = { what: 'the session is read', permission: 'session:read on all nodes' };
  const [info] = listOf(jsonOf(await ask(http, call, purpose)));
  return info === undefined ? null : { name: textOf(info, 'Name'), node: textOf(info, 'Node') };
}

/** As Go's time.ParseDuration reads it. */
function durationText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
