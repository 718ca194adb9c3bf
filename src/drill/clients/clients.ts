import { setTimeout as sleep } from 'node:timers/promises';
import type { Operation, Way } from '../../core/drill/history.ts';
import type { DrillClock } from '../clock.ts';
import { ended, type RoundLog } from './log.ts';
import type { Session } from './session.ts';

/** What a client is given. */
export interface ClientSetting {
  readonly client: number;
  readonly clock: DrillClock;
  readonly log: RoundLog;
  readonly session: Session;
  readonly way: Way;
  readonly account: string;
  /** Between an answer and the next request. */
  readonly pauseMs: number;
  readonly timeoutMs: number;
  /** For each write: drops its connection so many milliseconds after the request has left. Absent: never. */
  readonly cutAfterMs?: () => number;
  readonly signal: AbortSignal;
}

/** Versions that the server keeps: as many are written of a key, so that each of them can be asked for in the end. */
const versionsPerKey = 20;

/** The keys that are being written, for those who read. */
export class Written {
  readonly #current = new Map<number, string>();

  set(writer: number, key: string): void {
    this.#current.set(writer, key);
  }

  /** The keys under way, in the order of their writers. */
  keys(): readonly string[] {
    return [...this.#current.values()];
  }
}

/** Writes 1, 2, 3 … to one key after the other, each once, whatever comes of it. Ends with the signal, or with the keys. */
export async function write(
  setting: ClientSetting,
  keys: readonly string[],
  written: Written,
): Promise<void> {
  const { client, clock, log, session, way, account } = setting;
  for (const key of keys) {
    written.set(client, key);
    for (let version = 1; version <= versionsPerKey; version += 1) {
      if (setting.signal.aborted) return;
      const begun = { client, action: 'write', way, key, startedAt: clock() } as const;
      const path = `/secrets/${account}/variable/${key}`;
      const body = textOf(key, version);
      const { outcome, because } = await session.call({
        method: 'POST',
        path,
        body,
        timeoutMs: setting.timeoutMs,
        cutAfterMs: setting.cutAfterMs?.() ?? null,
      });
      log.add(ended(begun, { endedAt: clock(), outcome, because }, version));
      await pause(setting);
    }
  }
}

/** Reads what is being written, one key after the other. */
export async function read(setting: ClientSetting, written: Written): Promise<void> {
  for (let turn = setting.client; !setting.signal.aborted; turn += 1) {
    const keys = written.keys();
    const key = keys[turn % Math.max(1, keys.length)];
    if (key !== undefined) setting.log.add(await readOnce(setting, key));
    await pause(setting);
  }
}

/** One read of the newest version, or of that with the server's number `number`. */
export async function readOnce(
  setting: Omit<ClientSetting, 'pauseMs' | 'log' | 'signal'>,
  key: string,
  number: number | null = null,
): Promise<Operation> {
  const { client, clock, session, way, account } = setting;
  const begun = { client, action: 'read', way, key, startedAt: clock() } as const;
  const query = number === null ? '' : `?version=${number}`;
  const path = `/secrets/${account}/variable/${key}${query}`;
  const { outcome, because, answer } = await session.call({
    method: 'GET',
    path,
    timeoutMs: setting.timeoutMs,
  });
  const endedAt = clock();
  if (answer?.status === 404) return ended(begun, { endedAt, outcome: 'ok', because: null }, null);
  const version = outcome === 'ok' ? versionOf(key, answer?.body ?? '') : null;
  return ended(begun, { endedAt, outcome, because }, version);
}

async function pause({ pauseMs, signal }: ClientSetting): Promise<void> {
  await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
}

function textOf(key: string, version: number): string {
  return `${key} ${version}`;
}

/** The number in a value; -1 for a value that no client writes to this key. */
function versionOf(key: string, text: string): number {
  const [, own, digits] = /^(\S+) (\d{1,6})$/u.exec(text) ?? [];
  return own === key ? Number(digits) : -1;
}
