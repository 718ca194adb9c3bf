import { setTimeout as pause } from 'node:timers/promises';
import type { TestConsul } from '../src/elector/testing/consul-agent.ts';
import { startConsul } from '../src/elector/testing/consul.ts';
import { runCommandOk } from '../src/runtime/run-command.ts';
import type { Contender } from './elect/contender.ts';
import { startElectorate, timing } from './elect/electorate.ts';
import { firstRequestMs } from './elect/first-request.ts';
import { handOver, type Handover } from './elect/handover.ts';
import { restAMinute } from './elect/idle.ts';
import { electFigure } from './elect/report.ts';
import type { Figure } from './figure.ts';

/** Planned ones of ours in a round; nothing has to be waited for between them. */
const plannedPerRound = 10;
const startsPerRound = 5;

/** How soon another leads, ours and the polling scheme with the same TTL and sleep, against one real Consul. */
export async function run(rounds: number): Promise<Figure> {
  await runCommandOk(['tsc', '-b'], { timeoutMs: 300_000, cwd: `${import.meta.dirname}/..` });
  const consul = await startConsul();
  try {
    const starts: { readonly oursMs: number; readonly bareMs: number }[] = [];
    while (starts.length < rounds * startsPerRound) {
      starts.push({ oursMs: await firstRequestMs('ours'), bareMs: await firstRequestMs('bare') });
    }
    const idle = await restAMinute(consul.first);
    const planned: Handover[] = [];
    const faults: Faults[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      planned.push(...(await handOverOften(consul.first, `planned-${round}`)));
      faults.push(await faultsTogether(consul.first, round));
    }
    return electFigure({ planned, faults, starts, idle });
  } finally {
    await consul.stop();
  }
}

/** One of each; each is of a service of its own, and they spend nearly all of their time waiting for Consul. */
export interface Faults {
  readonly pollingPlanned: Handover;
  readonly oursUnplanned: Handover;
  readonly pollingUnplanned: Handover;
}

async function faultsTogether(consul: TestConsul, round: number): Promise<Faults> {
  const [pollingPlanned, oursUnplanned, pollingUnplanned] = await Promise.all([
    handOverOnce(consul, 'polling', `polling-planned-${round}`, 'SIGTERM'),
    handOverOnce(consul, 'ours', `ours-unplanned-${round}`, 'SIGKILL'),
    handOverOnce(consul, 'polling', `polling-unplanned-${round}`, 'SIGKILL'),
  ]);
  return { pollingPlanned, oursUnplanned, pollingUnplanned };
}

async function handOverOnce(
  consul: TestConsul,
  contender: Contender,
  name: string,
  signal: 'SIGTERM' | 'SIGKILL',
): Promise<Handover> {
  const apartMs = Math.random() * timing.sleepMs;
  const electorate = await startElectorate(consul, contender, name, { apartMs });
  try {
    await electorate.settled();
    // Somewhere in a turn: how long ago the session was renewed decides how soon Consul ends it.
    await pause(Math.random() * timing.sleepMs);
    return await handOver(consul.api, electorate, signal);
  } finally {
    await electorate.stop();
  }
}

/** Whoever handed over comes back as a candidate before the next one is asked to. */
async function handOverOften(consul: TestConsul, name: string): Promise<readonly Handover[]> {
  const electorate = await startElectorate(consul, 'ours', name);
  const seen: Handover[] = [];
  try {
    while (seen.length < plannedPerRound) {
      const leader = await electorate.settled();
      seen.push(await handOver(consul.api, electorate, 'SIGTERM'));
      leader.start();
    }
    return seen;
  } finally {
    await electorate.stop();
  }
}
