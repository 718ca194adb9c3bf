import { setTimeout as sleep } from 'node:timers/promises';
import { nodeLayout } from '../../agent/layout.ts';
import { readNodeConfig } from '../../agent/node-config.ts';
import { parseLsn } from '../../core/lsn.ts';
import { localSession } from '../../instance/session.ts';
import type { DrillClock } from '../clock.ts';
import type { TargetNode } from '../target.ts';

/** How far the log of a master was on disk at some moment between the question and the answer. */
interface Sample {
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly lsn: bigint;
}

export interface LogSamples {
  /**
   * When the log on disk surely did not go beyond `lsn` yet, and from when on it surely did. Infinite where that was not
   * seen: then nothing, or everything, may be lost.
   */
  readonly around: (lsn: bigint) => { readonly notYetAt: number; readonly beyondAt: number };
  readonly end: () => void;
}

const everyMs = 10;
const askMs = 500;

/** Watches how far the log of a node's data instance goes, as its superuser over the socket, until it is ended. */
export async function sampleLog(node: TargetNode, clock: DrillClock): Promise<LogSamples> {
  const samples: Sample[] = [];
  const over = new AbortController();
  const { addresses } = await readNodeConfig(node.dir);
  const socketDir = nodeLayout(node.dir).sockets;
  const session = localSession({ name: 'data', port: addresses.data, socketDir });
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const askedAt = clock();
      const lsn = await flushedLsn().catch(() => null);
      if (lsn !== null) samples.push({ askedAt, answeredAt: clock(), lsn });
      await sleep(everyMs, undefined, { signal: over.signal }).catch(() => undefined);
    }
    session.close();
  };
  const flushedLsn = async (): Promise<bigint | null> => {
    const text = 'select pg_current_wal_flush_lsn()::text as lsn';
    const [row] = await session.query(text, { timeoutMs: askMs, repeated: true });
    return typeof row?.['lsn'] === 'string' ? parseLsn(row['lsn']) : null;
  };
  void watch();
  return {
    around: (lsn) => ({
      notYetAt: Math.max(-Infinity, ...samples.filter((one) => one.lsn <= lsn).map(({ askedAt }) => askedAt)),
      beyondAt: Math.min(
        Infinity,
        ...samples.filter((one) => one.lsn > lsn).map(({ answeredAt }) => answeredAt),
      ),
    }),
    end: () => over.abort(),
  };
}
