import { awaitAnswer, type ConsulApi } from './consul-api.ts';

/** `GET /v1/kv/:key`, one entry. */
export interface KvEntry {
  readonly Key: string;
  readonly Session?: string;
  /** Base64; null when empty. */
  readonly Value: string | null;
  readonly CreateIndex: number;
  readonly LockIndex: number;
  readonly ModifyIndex: number;
}

/** `GET /v1/session/info/:id` */
export interface SessionEntry {
  readonly ID: string;
  readonly Name: string;
  readonly Node: string;
  readonly TTL: string;
  /** Nanoseconds. */
  readonly LockDelay: number;
  readonly Behavior: string;
}

interface HealthEntry {
  readonly Service: { readonly ID: string; readonly Tags: readonly string[] };
}

/** The entry of a key; null when there is none. `key` without a leading slash. */
export async function readKey(api: ConsulApi, key: string): Promise<KvEntry | null> {
  const entries = await api.get<readonly KvEntry[]>(`kv/${key}?consistent`);
  return entries?.[0] ?? null;
}

/** Waits until the entry of a key is as told: who holds the lock stands in `Session`. */
export async function awaitKey(
  api: ConsulApi,
  key: string,
  holds: (entry: KvEntry | null) => boolean,
  timeoutMs: number,
): Promise<KvEntry | null> {
  const entries = await awaitAnswer<readonly KvEntry[]>(
    api,
    `kv/${key}?consistent`,
    (answer) => holds(answer?.[0] ?? null),
    timeoutMs,
  );
  return entries?.[0] ?? null;
}

/** All sessions, of all nodes. */
export async function readSessions(api: ConsulApi): Promise<readonly SessionEntry[]> {
  return (await api.get<readonly SessionEntry[]>('session/list?consistent')) ?? [];
}

/** Ids of the entries of a service that carry a tag and pass their checks, by the catalogue: what clients are told. */
export async function passingWithTag(
  api: ConsulApi,
  service: string,
  tag: string,
): Promise<readonly string[]> {
  return ids(await api.get<readonly HealthEntry[]>(tagPath(service, tag)));
}

/** Waits until those that carry a tag, and pass, are as told. */
export async function awaitPassingWithTag(
  api: ConsulApi,
  service: string,
  tag: string,
  holds: (ids: readonly string[]) => boolean,
  timeoutMs: number,
): Promise<readonly string[]> {
  const path = tagPath(service, tag);
  return ids(await awaitAnswer<readonly HealthEntry[]>(api, path, (answer) => holds(ids(answer)), timeoutMs));
}

function tagPath(service: string, tag: string): string {
  return `health/service/${encodeURIComponent(service)}?tag=${encodeURIComponent(tag)}&passing&consistent`;
}

function ids(entries: readonly HealthEntry[] | null): readonly string[] {
  return (entries ?? []).map(({ Service }) => Service.ID).sort();
}
