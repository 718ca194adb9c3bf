import { setTimeout as sleep } from 'node:timers/promises';

export interface Paced {
  /** Right answers. */
  readonly answers: number;
  /** Answers other than 200, and requests without an answer. */
  readonly failures: number;
  /** Requests that were not made, because too many were under way. */
  readonly omitted: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

const tickMs = 10;
/** What is slower than its clients gets no longer a queue than this. */
const underWayLimit = 256;

/**
 * Sends `rate` requests a second, evenly, for `seconds`, however long answers take: what it costs somebody else is compared at the
 * same load.
 *
 * @param send makes request number n, and says whether the answer was right
 */
export async function paced(
  rate: number,
  seconds: number,
  send: (number: number) => Promise<boolean>,
): Promise<Paced> {
  const begun = performance.now();
  const latencies: number[] = [];
  const underWay = new Set<Promise<void>>();
  let [due, failures, omitted] = [0, 0, 0];
  const one = async (number: number): Promise<void> => {
    const at = performance.now();
    const isRight = await send(number).catch(() => false);
    latencies.push(performance.now() - at);
    if (!isRight) failures += 1;
  };
  for (let passed = 0; passed < seconds * 1000; passed = performance.now() - begun) {
    for (; due < (passed / 1000) * rate; due += 1) {
      if (underWay.size >= underWayLimit) {
        omitted += 1;
        continue;
      }
      const request = one(due).finally(() => underWay.delete(request));
      underWay.add(request);
    }
    await sleep(tickMs);
  }
  await Promise.all(underWay);
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1));
  return {
    answers: latencies.length - failures,
    failures,
    omitted,
    latencyMs: { p50: at(0.5), p99: at(0.99) },
  };
}
