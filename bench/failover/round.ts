import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/testing/demo-cluster.ts';
import type { RacingCluster } from './cluster.ts';
import type { RaceEvent } from './contenders.ts';
import { etcdLeader, placeEtcdLeader } from './etcd-leader.ts';
import { isFlowing, longestPause } from './pauses.ts';
import type { Writers } from './writers.ts';

/** What one event did to the writers. */
export interface Measured {
  /** Longest time between two acknowledged writes that ended after the fault; null: there was no write after it. */
  readonly pauseMs: number | null;
  readonly acknowledged: number;
  readonly failed: number;
  /** Acknowledged writes that were not there when the cluster was whole again; null: it did not become whole. */
  readonly lost: number | null;
  readonly master: string;
  /** Null: it did not become whole again. */
  readonly masterAfter: string | null;
  /** Where etcd's leader was when the fault was made. */
  readonly etcdLeaderOnMaster: boolean;
  /** A second after the agent was killed: whether its database still acknowledged writes. Null where no agent was killed. */
  readonly writableWithoutAgent: boolean | null;
}

const beginMs = 60_000;
const beginWrites = 40;
/** An event is over when writes have come for `calmMs` with at most `calmPauseMs` between them. */
const calmMs = 3000;
const calmPauseMs = 1000;
const limitMs = 180_000;

/**
 * Makes one event happen under load, measures it, and sees the cluster whole again. What was killed is started again only
 * after the pause has been measured.
 *
 * @throws Error when the cluster was not whole before, or the event did not happen
 */
export async function measure(cluster: RacingCluster, writers: Writers, event: RaceEvent): Promise<Measured> {
  const master = await cluster.whole();
  writers.start();
  let at = 0;
  let etcdLeaderOnMaster = false;
  let writableWithoutAgent: boolean | null = null;
  try {
    await until(beginMs, 'writes run', () => (writers.endings.length >= beginWrites ? true : null));
    if (event.etcdLeader !== null) {
      await placeEtcdLeader(cluster.etcd(), master, event.etcdLeader, cluster.settlesAfterMs);
    }
    etcdLeaderOnMaster = (await etcdLeader(cluster.etcd())) === master;
    at = performance.now();
    await cluster.strike(event.name, master);
    if (event.name === 'agent') {
      await sleep(Math.max(0, at + 1000 - performance.now()));
      writableWithoutAgent = await cluster.acceptsWrites(master);
    }
    await calm(writers, at);
  } finally {
    await writers.stop();
  }
  const { endings, failed } = writers;
  await cluster.heal();
  const masterAfter = await cluster.whole().catch(() => null);
  if (event.name === 'switchover' && masterAfter === master) throw new Error('nobody was switched to');
  return {
    pauseMs: rounded(longestPause(endings, at)),
    acknowledged: endings.length,
    failed,
    lost: masterAfter === null ? null : await cluster.lost(writers.acknowledged),
    master,
    masterAfter,
    etcdLeaderOnMaster,
    writableWithoutAgent,
  };
}

/** Resolves when the event is over for the writers, or has lasted for too long: then the figure says so. */
async function calm(writers: Writers, at: number): Promise<void> {
  for (;;) {
    await sleep(100);
    const now = performance.now();
    if (now - at > limitMs) return;
    if (now - at > calmMs && isFlowing(writers.endings, now, calmMs, calmPauseMs)) return;
  }
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
