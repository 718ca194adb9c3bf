import type { FinalState, Operation } from '../core/drill/history.ts';
import { readOnce } from './clients/clients.ts';
import type { RoundLog } from './clients/log.ts';
import { Session } from './clients/session.ts';
import type { DrillClock } from './clock.ts';
import { tokenFrom } from './policy.ts';
import type { Target } from './target.ts';

const readersAtOnce = 8;
const attempts = 20;
const requestMs = 5000;

/**
 * What the master tells in the end of every key that was written: its newest version, and all that are kept, by the
 * server's own numbers (1, 2, 3 … in the order in which they were stored).
 *
 * @throws Error when a key cannot be read at all: then there is nothing to judge by
 */
export async function readFinal(
  { target, clock }: { readonly target: Target; readonly clock: DrillClock },
  log: RoundLog,
  token: string,
): Promise<{ readonly final: FinalState; readonly kept: ReadonlyMap<string, readonly number[]> }> {
  const session = new Session(target.balancer);
  session.useToken(token);
  session.renewWith(() => tokenFrom(target, target.balancer));
  const way = { kind: 'balancer' } as const;
  const setting = { client: 0, clock, session, way, account: target.account, timeoutMs: requestMs };
  const surely = async (key: string, number: number | null): Promise<Operation> => {
    for (let attempt = 1; ; attempt += 1) {
      const operation = await readOnce(setting, key, number);
      if (operation.outcome === 'ok') return operation;
      if (attempt === attempts) throw new Error(`${key} cannot be read: ${operation.because}`);
    }
  };
  const keys = [...new Set(log.operations.filter(({ action }) => action === 'write').map(({ key }) => key))];
  const final = new Map<string, number | null>();
  const kept = new Map<string, readonly number[]>();
  const queue = [...keys];
  const reader = async (): Promise<void> => {
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      const values: number[] = [];
      for (let number = 1; ; number += 1) {
        const { version } = await surely(key, number);
        if (version === null) break;
        values.push(version);
      }
      kept.set(key, values);
      final.set(key, (await surely(key, null)).version);
    }
  };
  try {
    await Promise.all(Array.from({ length: readersAtOnce }, reader));
    return { final, kept };
  } finally {
    session.close();
  }
}
