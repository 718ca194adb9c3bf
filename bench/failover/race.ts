import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError } from '../../src/core/problem.ts';
import { runCommandOk } from '../../src/runtime/run-command.ts';
import type { Figure } from '../figure.ts';
import type { RacingCluster } from './cluster.ts';
import { chosen, type Contender, contenders, events, type RaceEvent } from './contenders.ts';
import { HoldfastCluster } from './holdfast.ts';
import { requirePatroni } from './install-patroni.ts';
import { describeMachine, machineWords } from './machine.ts';
import { PatroniCluster } from './patroni.ts';
import { keepRun, type Machine, openResults, type Run } from './results.ts';
import { measure } from './round.ts';
import { cells, report } from './table.ts';
import { Writers } from './writers.ts';

export interface RaceOptions {
  readonly rounds: number;
  /** Contenders and events, with commas between; null: all of them. */
  readonly only: string | null;
  readonly event: string | null;
  /** File of results; null: a new one below the temporary directory. */
  readonly resume: string | null;
}

/** Every figure of the race, and the table that shows them. */
export interface RaceResult {
  readonly figure: Omit<Figure, 'ours'> & { readonly ours: number | null };
  readonly markdown: string;
  /** Runs that failed: another race with the same file makes them up. */
  readonly missing: number;
}

interface Race {
  readonly file: string;
  readonly signal: AbortSignal;
  readonly runs: Run[];
}

const root = new URL('../..', import.meta.url).pathname;

/**
 * Runs what the file of results does not hold yet. The contenders take turns, round after round, each with a cluster that is
 * made for the round, so that moods of the machine meet all of them. `signal` ends it: all is cleaned up, the results stay.
 *
 * A cluster that does not heal is given up; the others go on.
 *
 * @throws Error for an unknown name, a missing program, a file of other results; and when it was interrupted
 */
export async function race(options: RaceOptions, signal: AbortSignal): Promise<RaceResult> {
  if (!Number.isInteger(options.rounds) || options.rounds < 1 || options.rounds > 100) {
    throw new Error('--rounds: a whole number from 1 to 100.');
  }
  const who = chosen('--only', contenders, options.only);
  const what = chosen('--event', events, options.event);
  await runCommandOk([join(root, 'node_modules/.bin/tsc'), '-b'], { timeoutMs: 300_000, cwd: root });
  const patroni = who.some(({ kind }) => kind === 'patroni') ? await requirePatroni(say) : null;
  const file = options.resume ?? join(await mkdtemp(join(tmpdir(), 'hf-race-')), 'results.jsonl');
  const machine = await describeMachine();
  const runs = [...(await openResults(file, machine))];
  say(`${runs.length} runs are in ${file}; an interrupted race goes on with --resume ${file}`);
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const contender of who) {
      await oneTurn({ file, signal, runs }, contender, what, round).catch((error: unknown) => {
        signal.throwIfAborted();
        say(`round ${round}, ${contender.name}: its cluster is given up: ${describeError(error)}`);
      });
    }
  }
  const raced = runs.filter(
    ({ round, contender, event }) =>
      round <= options.rounds &&
      who.some(({ name }) => name === contender) &&
      what.some(({ name }) => name === event),
  );
  const missing = options.rounds * who.length * what.length - raced.length;
  const figure = figureOf(raced, who, what, { ...machine, patroni });
  const about = { command: commandOf(options), machine: machineWords(machine, patroni) };
  return { figure, markdown: report(raced, who, what, about), missing };
}

/** The events of one round that one contender has still before it, on a cluster of its own. */
async function oneTurn(
  { file, signal, runs }: Race,
  contender: Contender,
  all: readonly RaceEvent[],
  round: number,
): Promise<void> {
  const isLeft = ({ name }: RaceEvent): boolean =>
    runs.every((run) => run.contender !== contender.name || run.event !== name || run.round !== round);
  while (all.some(isLeft)) {
    await onCluster(contender, signal, async (cluster) => {
      const writers = new Writers((entry) => cluster.write(entry));
      for (const event of all.filter(isLeft)) {
        const measured = await measure(cluster, writers, event);
        signal.throwIfAborted();
        const about = { contender: contender.name, event: event.name, round, at: new Date().toISOString() };
        const run = { ...about, ...measured };
        await keepRun(file, run);
        runs.push(run);
        say(sentence(run));
        if (run.masterAfter === null) return; // another one is made for what is left
      }
    });
  }
}

/** Whatever becomes of `work`, the cluster is stopped; at an interruption at once, even while `work` goes on. */
async function onCluster(
  contender: Contender,
  signal: AbortSignal,
  work: (cluster: RacingCluster) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  const cluster: RacingCluster =
    contender.kind === 'patroni' ? new PatroniCluster(contender) : new HoldfastCluster(contender.ttl);
  const starting = cluster.start();
  const working = starting.then(() => work(cluster));
  const interrupted = Promise.withResolvers<never>();
  const interrupt = (): void => interrupted.reject(new Error('interrupted'));
  signal.addEventListener('abort', interrupt);
  try {
    await Promise.race([working, interrupted.promise]);
  } finally {
    signal.removeEventListener('abort', interrupt);
    working.catch(() => undefined);
    await starting.catch(() => undefined); // what is half started cannot be stopped
    await cluster.stop();
  }
}

function sentence(run: Run): string {
  const pause = run.pauseMs === null ? 'no write came again' : `${run.pauseMs} ms`;
  const notes = [
    `etcd's leader ${run.etcdLeaderOnMaster ? 'on the node' : 'elsewhere'}`,
    run.masterAfter === null
      ? 'not whole again'
      : run.master === run.masterAfter
        ? `${run.master} is master again`
        : `${run.master} → ${run.masterAfter}`,
    `${run.acknowledged} acknowledged, ${run.failed} failed, ${run.lost ?? 'unknown how many'} lost`,
  ];
  if (run.writableWithoutAgent !== null) {
    notes.push(
      `without its agent the database ${run.writableWithoutAgent ? 'still takes' : 'takes no'} writes`,
    );
  }
  return `round ${run.round}, ${run.contender}, ${run.event}: ${pause} (${notes.join('; ')})`;
}

/** The ratio is that of the whole node's death, the default of ours to the fastest setting of theirs. */
function figureOf(
  runs: readonly Run[],
  who: readonly Contender[],
  what: readonly RaceEvent[],
  machine: Machine & { readonly patroni: string | null },
): RaceResult['figure'] {
  const all = cells(runs, who, what);
  const medianOf = (contender: string): number | null =>
    all.find((cell) => cell.contender === contender && cell.event === 'node-etcd-on')?.median ?? null;
  const [ours, reference] = [medianOf('holdfast-5'), medianOf('patroni-20')];
  return {
    name: 'failover',
    unit: 'ms',
    ours,
    reference,
    ratio: ours === null || reference === null ? null : Number((ours / reference).toFixed(3)),
    goal: 'below 1 at every event, nothing lost',
    details: { machine, cells: all, runs },
  };
}

function commandOf({ rounds, only, event }: RaceOptions): string {
  const given = [...(only === null ? [] : ['--only', only]), ...(event === null ? [] : ['--event', event])];
  return ['npm run -s bench -- failover --rounds', rounds, ...given].join(' ');
}

function say(line: string): void {
  process.stderr.write(`race: ${line}\n`);
}

/** Runs the race for the command line. Interrupted, it cleans up and ends with 128 + SIGINT, as shells have it. */
export async function raceCommand(options: RaceOptions, json: boolean): Promise<void> {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interruption.abort());
  try {
    const { figure, markdown, missing } = await race(options, interruption.signal);
    process.stdout.write(json ? `${JSON.stringify(figure)}\n` : `${markdown}\n`);
    if (missing > 0) say(`${missing} runs are missing`);
    process.exit(missing === 0 ? 0 : 1);
  } catch (error) {
    say(interruption.signal.aborted ? 'interrupted; all is cleaned up' : describeError(error));
    process.exit(interruption.signal.aborted ? 130 : 1);
  }
}
