import { Problem } from '../core/problem.ts';
import { parseTimelineHistory, type TimelineHistory } from '../core/timelines.ts';
import { remoteSession, type Session } from './session.ts';
import type { InstanceSettings, Upstream } from './settings.ts';
import { historyFileName, readLocalHistory } from './timeline-stubs.ts';

/** A line is some 60 bytes, and one is added by each promotion. */
const historyLimitBytes = 1024 * 1024;

/** What a node that is asked says of itself. */
export interface RemoteIdentity {
  readonly systemIdentifier: string;
  readonly inRecovery: boolean;
  /** Of a primary, the timeline that it writes; of a standby, that of its last restart point, which may lag. */
  readonly timeline: number;
}

/**
 * The ancestry of `timeline` as this node's own files tell it, the instance running or not.
 *
 * @throws Problem `instance_failed` when there is no such file, or it cannot be read.
 */
export async function localTimelineHistory(
  settings: InstanceSettings,
  timeline: number,
): Promise<TimelineHistory> {
  return parse(timeline, timeline === 1 ? '' : await readLocalHistory(settings, timeline), 'this node');
}

/**
 * Another node's identity and the ancestry of its timeline, asked over mutual TLS.
 *
 * @throws Problem `instance_unavailable`, `instance_failed`.
 */
export async function remoteTimelineHistory(
  settings: Pick<InstanceSettings, 'tls'>,
  upstream: Upstream,
  options: { readonly timeoutMs: number },
): Promise<RemoteIdentity & { readonly history: TimelineHistory }> {
  const session = remoteSession(settings, upstream);
  try {
    const identity = await identify(session, options.timeoutMs);
    const { timeline } = identity;
    if (timeline === 1) return { ...identity, history: { timeline, ancestors: [] } };
    const [row] = await session.query(
      `select convert_from(pg_read_binary_file('pg_wal/${historyFileName(timeline)}', 0, ${historyLimitBytes}, true),
         'UTF8') as text`,
      options,
    );
    const text = typeof row?.['text'] === 'string' ? row['text'] : null;
    return { ...identity, history: parse(timeline, text, upstream.certificateName) };
  } finally {
    session.close();
  }
}

/** Who answers on a session of `remoteSession`. */
export async function identify(session: Session, timeoutMs: number): Promise<RemoteIdentity> {
  // The checkpoint's timeline lags behind a promotion; the name of the file being written does not.
  const [row] = await session.query(
    `select (select system_identifier::text from pg_control_system()) as system_identifier, r as in_recovery,
       case when r then (select timeline_id from pg_control_checkpoint())
       else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline
     from pg_is_in_recovery() as r`,
    { timeoutMs, repeated: true },
  );
  return {
    systemIdentifier: String(row?.['system_identifier']),
    inRecovery: row?.['in_recovery'] === true,
    timeline: Number(row?.['timeline']),
  };
}

function parse(timeline: number, text: string | null, whose: string): TimelineHistory {
  const history =
    text === null || (text === '' && timeline !== 1) ? null : parseTimelineHistory(timeline, text);
  if (history === null) {
    throw new Problem('instance_failed', `The history of timeline ${timeline} is missing on ${whose}.`);
  }
  return history;
}
