import type { TemporaryPostgres } from '../src/store/testing/temporary-postgres.ts';
import { cpuSeconds } from './cpu.ts';
import { compared, type Figure } from './figure.ts';
import { peakRssMb } from './memory.ts';
import type { Served, Setting } from './setting.ts';
import { load, type LoadRequest, type LoadResult } from './wrk.ts';

/** A server with the load that it is given. */
export interface Side {
  readonly server: Served;
  /** Where its audit trail is, when that is not the setting's. */
  readonly audit?: Pick<TemporaryPostgres, 'superuser'>;
  readonly requests: readonly LoadRequest[];
}

export interface Turns {
  readonly connections: number;
  readonly rounds: number;
  readonly seconds: number;
}

const warmUpSeconds = 4;

/** Ours and the reference in turns, so that both see the same moods of the machine. */
export async function inTurn(
  setting: Setting,
  about: Pick<Figure, 'name' | 'unit' | 'goal'>,
  sides: { readonly ours: Side; readonly reference: Side },
  turns: Turns,
): Promise<Figure> {
  const { ours, reference } = sides;
  for (const side of [ours, reference]) await measure(setting, side, { ...turns, seconds: warmUpSeconds });
  const results = [];
  for (let round = 0; round < turns.rounds; round += 1) {
    results.push({
      ours: await measure(setting, ours, turns),
      reference: await measure(setting, reference, turns),
    });
  }
  const rates = results.map((round) => ({
    ours: round.ours.requestsPerSecond,
    reference: round.reference.requestsPerSecond,
  }));
  return compared(about, rates, {
    connections: turns.connections,
    latencyMs: results.map((round) => round.ours.latencyMs),
    recordsPerCommit: results.map((round) => round.ours.requestsPerCommit),
    cpuUsOfTheServer: results.map((round) => [round.ours.cpuUs, round.reference.cpuUs]),
    failures: results.map((round) => round.ours.failures + round.reference.failures),
    rssPeakMb: [ours, reference].map((side) => peakRssMb(side.server.pid)),
  });
}

interface Measured extends LoadResult {
  /** Processor time of the server's process alone, microseconds a request. */
  readonly cpuUs: number;
  /** How many requests share a commit of the audit trail. */
  readonly requestsPerCommit: number;
}

async function measure(
  setting: Setting,
  { server, requests, audit = setting.audit }: Side,
  turns: Turns,
): Promise<Measured> {
  const cpu = cpuSeconds(server.pid);
  const commits = await commitsOf(audit);
  const result = await load(server.port, requests, turns);
  const count = result.requestsPerSecond * turns.seconds;
  return {
    ...result,
    cpuUs: Math.round(((cpuSeconds(server.pid) - cpu) * 1e6) / count),
    requestsPerCommit: Math.round((count / ((await commitsOf(audit)) - commits)) * 10) / 10,
  };
}

/** Of the audit instance, so far. */
async function commitsOf(audit: Pick<TemporaryPostgres, 'superuser'>): Promise<number> {
  const [row] = await audit.superuser<{ commits: number }[]>`
    select xact_commit::int as commits from pg_stat_database where datname = 'holdfast'`;
  return row?.commits ?? 0;
}
