import { setTimeout as pause } from 'node:timers/promises';
import type { TestConsul } from '../../src/elector/testing/consul-agent.ts';
import { rssMb } from '../memory.ts';
import { type Candidate, startElectorate, timing } from './electorate.ts';
import { startRequestCounter } from './request-counter.ts';

/** A service at rest: what its two sidecars cost. */
export interface Idle {
  readonly seconds: number;
  /** Of the leader's and of the other sidecar, after that time, megabytes. */
  readonly rssMb: { readonly leader: number; readonly replica: number };
  /** Requests of both sidecars, by kind, that began in that time. */
  readonly requests: Readonly<Record<string, number>>;
  /** Of one sidecar in one period of renewal; blocking queries that were asked again are among them. */
  readonly requestsPerPeriod: number;
  /** What both sidecars had open at the end. */
  readonly open: Readonly<Record<string, number>>;
}

const seconds = 60;

export async function restAMinute(consul: TestConsul): Promise<Idle> {
  const counter = await startRequestCounter(consul.address);
  const electorate = await startElectorate({ api: consul.api, address: counter.address }, 'ours', 'idle');
  try {
    const leader = await electorate.settled();
    await pause(timing.sleepMs); // what belongs to the start is over after a period
    counter.reset();
    await pause(seconds * 1000); // the measurement itself: a minute in which nothing happens
    const requests = counter.counted();
    const total = Object.values(requests).reduce((sum, count) => sum + count, 0);
    const memoryOf = (candidate: Candidate | undefined): number => rssMb(candidate?.sidecar().pid ?? 0);
    return {
      seconds,
      rssMb: {
        leader: memoryOf(leader),
        replica: memoryOf(electorate.candidates.find((one) => one !== leader)),
      },
      requests,
      requestsPerPeriod: total / electorate.candidates.length / ((seconds * 1000) / timing.sleepMs),
      open: counter.open(),
    };
  } finally {
    await electorate.stop();
    await counter.stop();
  }
}
