import { setTimeout as sleep } from 'node:timers/promises';
import type { Sighting } from '../../core/drill/history.ts';
import type { DrillClock } from '../clock.ts';
import type { RoundLog } from './log.ts';
import type { Session } from './session.ts';

const pauseMs = 50;
const timeoutMs = 1000;
const roles = ['master', 'standby', 'follower', 'starting'] as const;

/** Asks a node what it is, over and over, until the signal. */
export async function watchNode(
  {
    clock,
    log,
    session,
    signal,
  }: {
    readonly clock: DrillClock;
    readonly log: RoundLog;
    readonly session: Session;
    readonly signal: AbortSignal;
  },
  node: string,
): Promise<void> {
  while (!signal.aborted) {
    const askedAt = clock();
    const { answer } = await session.call({ method: 'GET', path: '/health', timeoutMs });
    log.see({ node, askedAt, answeredAt: clock(), says: answer === null ? null : said(answer.body) });
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

function said(body: string): Sighting['says'] {
  const health = fieldsOf(parsed(body));
  const role = roles.find((one) => one === health['role']);
  if (role === undefined) return null; // a node that is told nothing by its agent yet
  const term = fieldsOf(health['cluster'])['term'];
  return { role, ok: health['ok'] === true, term: typeof term === 'number' ? term : null };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
