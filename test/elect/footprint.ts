import { readdirSync } from 'node:fs';
import { readDuration } from '../../src/elector/settings/duration.ts';
import type { ConsulApi } from '../../src/elector/testing/consul-api.ts';
import { type KvEntry, readSessions } from '../../src/elector/testing/consul-view.ts';
import type { TestService } from '../../src/elector/testing/nomad-service.ts';

/** All that an election leaves to be seen: two implementations that agree in it can stand for one another. */
export interface Footprint {
  /** Every key of this Consul. */
  readonly keys: readonly Readonly<Record<string, unknown>>[];
  readonly sessions: readonly Readonly<Record<string, unknown>>[];
  /** The whole entry of each task, and its checks. */
  readonly services: readonly Readonly<Record<string, unknown>>[];
  /** Names of the files in each task's directory. */
  readonly markers: readonly (readonly string[])[];
}

/** One task of an election. */
export interface Task {
  readonly service: TestService;
  readonly allocDir: string;
}

/** Looks at everything. Session ids differ from run to run: they are given the name of the task whose entry holds them. */
export async function footprint(api: ConsulApi, tasks: readonly Task[]): Promise<Footprint> {
  const entries = await Promise.all(tasks.map(({ service }) => service.entry()));
  const owners = new Map(entries.map((entry, at) => [entry?.Meta['session'], `session of task ${at}`]));
  const named = (session: string | undefined): string | null =>
    session === undefined ? null : (owners.get(session) ?? 'an unknown session');
  const checks = (await api.get<Readonly<Record<string, CheckEntry>>>('agent/checks')) ?? {};
  const keys = (await api.get<readonly KvEntry[]>('kv/?recurse&consistent')) ?? [];
  return {
    // Flags, which nobody reads but `elect status`, say since when somebody leads; the original leaves them 0.
    keys: keys.map(({ Key, Value, Session }) => ({ Key, Value, holder: named(Session) })),
    sessions: (await readSessions(api))
      .map(({ ID, Name, Node, TTL, LockDelay, Behavior }) => ({
        owner: named(ID),
        ...{ Name, Node, ttlMs: readDuration(TTL), LockDelay, Behavior },
      }))
      .sort((a, b) => String(a.owner).localeCompare(String(b.owner))),
    services: entries.map((entry) => {
      const { Meta, Tags, ContentHash: _h, ...rest } = { ...entry } as unknown as WholeEntry;
      const session = named(Meta['session']);
      const own = Object.values(checks).filter(({ ServiceID }) => ServiceID === entry?.ID);
      // Tags are a set: their order says nothing.
      const seen = { ...rest, Tags: [...Tags].sort(), Meta: { ...Meta, session } };
      return { ...seen, checks: own.map(({ CheckID, Status }) => ({ CheckID, Status })) };
    }),
    markers: tasks.map(({ allocDir }) => readdirSync(allocDir).sort()),
  };
}

interface WholeEntry {
  readonly Meta: Readonly<Record<string, string>>;
  readonly Tags: readonly string[];
  readonly ContentHash: string;
}

interface CheckEntry {
  readonly CheckID: string;
  readonly ServiceID: string;
  readonly Status: string;
}
