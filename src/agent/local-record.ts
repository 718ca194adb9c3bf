import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeRecord, encodeRecord } from '../core/failover/codec.ts';
import type { LocalRecord } from '../core/failover/view.ts';
import { readFileIfThere, writeFileAtomically } from '../runtime/files.ts';
import type { NodeLayout } from './layout.ts';

const nothing: LocalRecord = { claimedTerm: 0, planned: null };

/** What this node must not forget, outside its data directories: see `LocalRecord`. */
export async function readLocalRecord(layout: NodeLayout): Promise<LocalRecord> {
  const text = await readFileIfThere(join(layout.state, 'record.json'));
  return (text === null ? null : decodeRecord<LocalRecord>(text)) ?? nothing;
}

export async function writeLocalRecord(layout: NodeLayout, record: LocalRecord): Promise<void> {
  await writeFileAtomically(join(layout.state, 'record.json'), `${encodeRecord(record)}\n`);
}

/** Whether the directories must be copied before they are used again, remembered across restarts. */
export async function readCopyNeeded(layout: NodeLayout): Promise<boolean> {
  return (await readFileIfThere(copyNeededFile(layout))) !== null;
}

export async function noteCopyNeeded(layout: NodeLayout, needed: boolean): Promise<void> {
  if (needed)
    await writeFileAtomically(copyNeededFile(layout), 'an own promotion went wrong: copy both instances\n');
  else await rm(copyNeededFile(layout), { force: true });
}

function copyNeededFile(layout: NodeLayout): string {
  return join(layout.state, 'copy-needed');
}
