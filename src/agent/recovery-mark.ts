import { join } from 'node:path';
import { decodeRecord, encodeRecord } from '../core/failover/codec.ts';
import { Problem } from '../core/problem.ts';
import { readFileIfThere, writeFileAtomically } from '../runtime/files.ts';
import type { KnownCluster } from './known-cluster.ts';
import type { NodeLayout } from './layout.ts';

/** `state/recovery.json`: a recovery of this node, written before it touches anything. */
export interface RecoveryMark {
  /** `begun`: it was interrupted, or is at work; run again it goes on. */
  readonly state: 'begun' | 'done';
  /** Names the new etcd cluster, so that no member of the old one can ever take part in it. */
  readonly etcdToken: string;
  readonly begunAt: string;
  /** The name beside `etcd` that the old etcd directory is given. */
  readonly abandoned: string;
  /** What the recovery goes by, also when it is run again. */
  readonly known: KnownCluster;
}

export async function readRecoveryMark(layout: NodeLayout): Promise<RecoveryMark | null> {
  const text = await readFileIfThere(markFile(layout));
  if (text === null) return null;
  const mark = decodeRecord<RecoveryMark>(text);
  if (mark !== null && typeof mark.etcdToken === 'string' && typeof mark.abandoned === 'string') return mark;
  throw new Problem(
    'config_invalid',
    `${markFile(layout)} cannot be read. Remove it and run the command again.`,
  );
}

export async function writeRecoveryMark(layout: NodeLayout, mark: RecoveryMark): Promise<void> {
  await writeFileAtomically(markFile(layout), `${encodeRecord(mark)}\n`);
}

/** @throws Problem `operation_refused` for a node whose recovery stopped half-way: its etcd is neither old nor new */
export async function requireNoHalfRecovery(layout: NodeLayout): Promise<void> {
  const mark = await readRecoveryMark(layout);
  if (mark?.state !== 'begun') return;
  throw new Problem(
    'operation_refused',
    `--dir: a "holdfast recover" of ${layout.dir} stopped half-way. Run it again; it goes on.`,
  );
}

function markFile(layout: NodeLayout): string {
  return join(layout.state, 'recovery.json');
}
