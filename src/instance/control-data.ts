import { type Lsn, parseLsn } from '../core/lsn.ts';
import { Problem } from '../core/problem.ts';
import { pgdata, type InstanceSettings } from './settings.ts';
import { runTool } from './tool.ts';

/** What a data directory says of itself while nobody runs on it (pg_controldata). */
export interface ControlData {
  /** As text: it does not fit a number. The same for all copies of one cluster. */
  readonly systemIdentifier: string;
  /** `shut down`, `shut down in recovery`, `in production` (it crashed), `in archive recovery` (it crashed) … */
  readonly clusterState: string;
  readonly timeline: number;
  readonly checkpointLsn: Lsn;
  /** How far a standby must replay before it is consistent; null on a primary. */
  readonly minRecoveryEnd: { readonly timeline: number; readonly lsn: Lsn } | null;
}

/**
 * Reads pg_control of a data directory.
 *
 * @throws Problem `instance_failed` when there is none, or it is damaged.
 */
export async function readControlData(
  settings: InstanceSettings,
  directory: string = pgdata(settings),
): Promise<ControlData> {
  let stdout: string;
  try {
    ({ stdout } = await runTool(settings, ['pg_controldata', '-D', directory], { timeoutMs: 10_000 }));
  } catch (error) {
    throw new Problem('instance_failed', `${directory}: pg_control cannot be read`, { cause: error });
  }
  const control = parseControlData(stdout);
  if (control === null) {
    throw new Problem('instance_failed', `${directory}: pg_control is damaged`);
  }
  return control;
}

/** The fields out of pg_controldata's report (English, as `runCommand` sets the locale); null when any is missing. */
export function parseControlData(report: string): ControlData | null {
  if (/CRC checksum does not match|possible byte ordering mismatch/.test(report)) return null;
  const fields = new Map(
    report.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  const systemIdentifier = fields.get('Database system identifier');
  const clusterState = fields.get('Database cluster state');
  const timeline = Number(fields.get("Latest checkpoint's TimeLineID"));
  const checkpointLsn = parseLsn(fields.get('Latest checkpoint location') ?? '');
  const minimum = parseLsn(fields.get('Minimum recovery ending location') ?? '');
  const minimumTimeline = Number(fields.get("Min recovery ending loc's timeline"));
  if (systemIdentifier === undefined || clusterState === undefined) return null;
  if (!Number.isSafeInteger(timeline) || checkpointLsn === null || minimum === null) return null;
  return {
    systemIdentifier,
    clusterState,
    timeline,
    checkpointLsn,
    minRecoveryEnd: minimum === 0n ? null : { timeline: minimumTimeline, lsn: minimum },
  };
}
