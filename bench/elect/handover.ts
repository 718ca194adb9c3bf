import type { ConsulApi } from '../../src/elector/testing/consul-api.ts';
import { awaitKey, awaitPassingWithTag, readKey } from '../../src/elector/testing/consul-view.ts';
import { type Electorate, patienceMs } from './electorate.ts';

/** One change of leader, milliseconds from the fault. */
export interface Handover {
  /** Until the key was the dead leader's no more: Consul had invalidated its session, or it had let go. */
  readonly freedMs: number;
  /** Until the catalogue showed another task with the tag `primary`. */
  readonly taggedMs: number;
}

/**
 * Ends the leader's sidecar, and watches by blocking queries what becomes of the key and of the tag. The task itself
 * stays, and its check passes: only the election is at work.
 */
export async function handOver(
  api: ConsulApi,
  electorate: Electorate,
  signal: 'SIGTERM' | 'SIGKILL',
): Promise<Handover> {
  const leader = await electorate.settled();
  const held = (await readKey(api, electorate.key))?.Session;
  if (held === undefined) throw new Error(`nobody holds ${electorate.key}`);
  const faultAt = performance.now();
  const freed = awaitKey(api, electorate.key, (entry) => entry?.Session !== held, patienceMs);
  const tagged = awaitPassingWithTag(
    api,
    electorate.name,
    'primary',
    (ids) => ids.some((id) => id !== leader.service.id),
    patienceMs,
  );
  const since = async (event: Promise<unknown>): Promise<number> => {
    await event;
    return performance.now() - faultAt;
  };
  const ended = leader.sidecar().end(signal);
  const [freedMs, taggedMs] = await Promise.all([since(freed), since(tagged), ended]);
  return { freedMs, taggedMs };
}
