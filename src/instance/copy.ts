import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, Problem } from '../core/problem.ts';
import { makeDirectory, writeFileAtomically } from '../runtime/files.ts';
import { replicationConninfo } from './conninfo.ts';
import { readControlData } from './control-data.ts';
import { requireRoom } from './disk-space.ts';
import { exists } from './exists.ts';
import { requireNoStrays } from './kill.ts';
import { type CopyMarker, isHalfRewound, readCopyMarker, writeCopyMarker } from './markers.ts';
import { freshNameForOld, halfMadeCopy, settleDirectories } from './moved-aside.ts';
import { remoteSession } from './session.ts';
import { beside, type InstanceSettings, pgdata, type Upstream } from './settings.ts';
import { identify } from './timeline-history.ts';
import { runToolAlone } from './tool.ts';

export interface CopyOptions {
  readonly upstream: Upstream;
  /** What the source must be a copy of (etcd knows it). */
  readonly systemIdentifier: string;
  /** A slot on the source that keeps the log from now on, so that streaming can go on where the copy ends. */
  readonly slotName: string | null;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Replaces `pgdata` by a base backup of another node, over mutual TLS. The backup is made beside, then the old directory
 * is moved aside and the new one in; the old one stays until `discardMovedAside`, and `putBack` returns to it. A failure
 * before the swap leaves `pgdata` as it was.
 *
 * Interrupted anywhere, it can be run again: it first finishes or clears what the marker says was under way. A copy that
 * is replaced before it was proven does not become the old directory: the one from before stays.
 *
 * @throws Problem `instance_strays`, `instance_unavailable`, `system_mismatch`, `disk_full`, `copy_failed`.
 */
export async function copyFrom(settings: InstanceSettings, options: CopyOptions): Promise<void> {
  requireNoStrays(settings);
  await makeDirectory(settings.dir, 0o700, settings.runAs);
  await settleDirectories(settings);
  const bytes = await sizeOfSource(settings, options);
  await requireRoom(settings.dir, bytes);
  const marker = await begin(settings);
  try {
    await takeBackup(settings, options);
  } catch (error) {
    await abandon(settings, marker);
    throw new Problem('copy_failed', `${settings.name} instance: the copy failed: ${describeError(error)}`, {
      cause: error,
    });
  }
  await writeCopyMarker(settings, { ...marker, step: 'swap' });
  await settleDirectories(settings);
}

/** The marker of a copy that begins; where an unproven copy stands, what waits aside goes on waiting. */
async function begin(settings: InstanceSettings): Promise<CopyMarker> {
  const unproven = await readCopyMarker(settings);
  const marker: CopyMarker =
    unproven === null
      ? {
          step: 'backup',
          movedAside: (await exists(pgdata(settings))) ? await freshNameForOld(settings) : null,
          movedAsideHalfRewound: await isHalfRewound(settings),
        }
      : { ...unproven, step: 'backup' };
  await writeCopyMarker(settings, marker);
  return marker;
}

async function abandon(settings: InstanceSettings, marker: CopyMarker): Promise<void> {
  await rm(beside(settings, halfMadeCopy), { recursive: true, force: true });
  const waits = marker.movedAside !== null && (await exists(beside(settings, marker.movedAside)));
  await writeCopyMarker(settings, waits ? { ...marker, step: 'proving' } : null);
}

async function takeBackup(settings: InstanceSettings, options: CopyOptions): Promise<void> {
  const directory = beside(settings, halfMadeCopy);
  await rm(directory, { recursive: true, force: true });
  const slot = options.slotName === null ? [] : ['--slot', options.slotName];
  await runToolAlone(
    settings,
    [
      'pg_basebackup',
      ...[
        '-d',
        replicationConninfo({ ...settings, nodeName: `${settings.nodeName}:copy` }, options.upstream),
      ],
      ...['-D', directory, '-X', 'stream', '--checkpoint=fast', '--no-password', ...slot],
    ],
    { timeoutMs: options.timeoutMs, signal: options.signal },
  );
  const { systemIdentifier } = await readControlData(settings, directory);
  requireSameSystem(options, systemIdentifier);
  // From its first moment under its own name it can only be started as a standby.
  await writeFileAtomically(join(directory, 'standby.signal'), '', { owner: settings.runAs });
}

async function sizeOfSource(settings: InstanceSettings, options: CopyOptions): Promise<number> {
  const session = remoteSession(settings, options.upstream);
  try {
    requireSameSystem(options, (await identify(session, 5000)).systemIdentifier);
    const [row] = await session.query('select sum(pg_database_size(oid))::float8 as bytes from pg_database', {
      timeoutMs: 30_000,
    });
    return Number(row?.['bytes']);
  } finally {
    session.close();
  }
}

function requireSameSystem(options: CopyOptions, found: string): void {
  if (found === options.systemIdentifier) return;
  throw new Problem(
    'system_mismatch',
    `${options.upstream.certificateName} holds the database system ${found}, not this cluster's ${options.systemIdentifier}: check the address.`,
  );
}
