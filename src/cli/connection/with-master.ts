import type { Door } from '../../client/exchange.ts';
import { interruptible } from '../interrupt.ts';

/** The peer API of the current master, talked to as the node in `dir`. */
export interface MasterDoor {
  readonly door: Door;
  /** The account that the cluster was made with. */
  readonly firstAccount: string;
}

/** Talks to the peer API of the current master, as the node in `dir`. Ctrl-C ends it. */
export async function withMaster<T>(
  dir: string,
  timeoutMs: number,
  work: (door: Door, firstAccount: string) => Promise<T>,
): Promise<T> {
  return interruptible(async (signal) => {
    const { door, firstAccount } = await openMaster(dir, timeoutMs, signal);
    return work(door, firstAccount);
  });
}

/** Finds the master of the cluster of the node in `dir`. @throws Problem `no_authority` while there is none */
export async function openMaster(dir: string, timeoutMs: number, signal: AbortSignal): Promise<MasterDoor> {
  const [{ findMasterPeer }, { openDoor }, { openWebFetch }] = await Promise.all([
    import('../../agent/master-peer.ts'),
    import('../../client/client.ts'),
    import('../../runtime/web-fetch.ts'),
  ]);
  const master = await findMasterPeer(dir);
  const door = openDoor({ fetch: openWebFetch(master), url: master.url, signal, timeoutMs });
  return { door, firstAccount: master.firstAccount };
}
