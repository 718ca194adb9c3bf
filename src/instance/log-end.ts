import { readdir, stat } from 'node:fs/promises';
import { formatLsn, furthest, type Lsn, parseLsn } from '../core/lsn.ts';
import { describeError } from '../core/problem.ts';
import { readControlData } from './control-data.ts';
import { type InstanceSettings, inPgdata } from './settings.ts';
import { runTool } from './tool.ts';

/** How far the log of an instance goes that is not running. */
export interface LogEnd {
  /** The highest timeline that has a file here. */
  readonly timeline: number;
  readonly lsn: Lsn;
  /** False: the log could not be read to its end; it goes as far as `lsn` at least. */
  readonly exact: boolean;
}

const readMs = 300_000;

/**
 * Where the log of a stopped instance ends, received or written, however it was stopped: `pg_waldump --quiet` reads on
 * from the last checkpoint and says at which position there is no record any more.
 *
 * @throws Problem `instance_failed` when there is no data directory, or its pg_control is damaged
 */
export async function readLogEnd(settings: InstanceSettings, signal?: AbortSignal): Promise<LogEnd> {
  const control = await readControlData(settings);
  const known = furthest(control.checkpointLsn, control.minRecoveryEnd?.lsn ?? null) ?? 0n;
  const files = await readdir(inPgdata(settings, 'pg_wal'));
  const numbers = files.flatMap((name) => {
    const [, hex] = /^([0-9A-F]{8})(?:[0-9A-F]{16}|\.history)$/.exec(name) ?? [];
    return hex === undefined ? [] : [Number.parseInt(hex, 16)];
  });
  const timeline = Math.max(control.timeline, ...numbers);
  const start = await startOf(settings, files, control.checkpointLsn);
  const said = start === null ? '' : await readOn(settings, start, signal);
  const ends = [...said.matchAll(/ at ([0-9A-F]+\/[0-9A-F]+)/g)].map(([, text]) => parseLsn(text ?? ''));
  const end = furthest(...ends);
  return { timeline, lsn: furthest(end, known) ?? known, exact: end !== null };
}

interface Start {
  readonly timeline: number;
  readonly lsn: Lsn;
}

/** From the checkpoint on; or from the first file of the newest timeline, when the log went over to it after that. */
async function startOf(
  settings: InstanceSettings,
  files: readonly string[],
  checkpointLsn: Lsn,
): Promise<Start | null> {
  const segments = files.filter((name) => /^[0-9A-F]{24}$/.test(name)).toSorted();
  const newest = segments.at(-1)?.slice(0, 8);
  const first = segments.find((name) => name.slice(0, 8) === newest);
  if (first === undefined) return null;
  const { size } = await stat(inPgdata(settings, 'pg_wal', first));
  const begin = (BigInt(`0x${first.slice(8, 16)}`) << 32n) + BigInt(`0x${first.slice(16)}`) * BigInt(size);
  const timeline = Number.parseInt(first.slice(0, 8), 16);
  return { timeline, lsn: begin > checkpointLsn ? begin : checkpointLsn };
}

/** What pg_waldump says when it meets the end: that is a failure for it. */
async function readOn(settings: InstanceSettings, start: Start, signal?: AbortSignal): Promise<string> {
  const from = formatLsn(start.lsn);
  const where = ['--path', inPgdata(settings, 'pg_wal'), '--timeline', String(start.timeline)];
  try {
    await runTool(settings, ['pg_waldump', '--quiet', ...where, '--start', from], {
      timeoutMs: readMs,
      signal,
    });
    return '';
  } catch (error) {
    return describeError(error);
  }
}
