import { electionTiming, stopBaseMs } from '../../core/election/timing.ts';
import type { LocalService } from '../consul/service.ts';
import type { ElectorLog } from '../log.ts';
import type { ElectionRun } from '../runner.ts';
import type { ElectionSettings } from '../settings/settings.ts';
import { within } from '../within.ts';
import type { Counts } from './counts.ts';
import { createEnding } from './ending.ts';
import { keepService, type ServiceKeeper } from './service-keeper.ts';
import { startServiceRun } from './service-run.ts';
import { createTaskOffice, type TaskOffice } from './task-office.ts';

export interface Contest {
  readonly service: LocalService;
  readonly settings: ElectionSettings;
  readonly log: ElectorLog;
  readonly signal: AbortSignal;
  readonly counts: Counts;
  readonly onRun: (run: ElectionRun) => void;
}

/** A busy agent takes so long to write an entry, also where calls are to be short. */
const markFloorMs = 500;

/**
 * One election of a service that was found, until the signal or the end of its task. From then on it takes no longer than
 * the `stopMs` of its timing, whatever Consul answers: half of that is left to give lock and session away when the
 * marks cannot be written.
 *
 * @returns the exit code of a task that ended by itself, else 0
 * @throws Problem why it could not begin, or that the marks may not be written
 */
export async function contest({ service, settings, log, signal, counts, onRun }: Contest): Promise<number> {
  const timing = electionTiming(settings.ttlMs, settings.renewEveryMs, settings.taskStopMs);
  const markMs = Math.min(Math.max(markFloorMs, timing.callMs), stopBaseMs(settings.ttlMs) / 2);
  const ending = createEnding(timing.stopMs);
  let run: ElectionRun | null = null;
  let unfit: string | null = null;
  let exitCode = 0;
  let refused: { readonly error: unknown } | null = null;
  const refusal = (): typeof refused => refused;

  const keeper: ServiceKeeper = keepService({
    service,
    settings,
    log,
    timeoutMs: timing.callMs,
    retryMs: Math.max(200, timing.retryMs),
    wrote: () => {
      counts.marksWritten += 1;
    },
    denied: (error) => {
      if (counts.marksWritten === 0) refused ??= { error };
      if (refusal() !== null) stop();
    },
    fitness: (because) => {
      unfit = because;
      run?.setFitness(because);
    },
  });
  const office: TaskOffice = createTaskOffice({
    settings,
    log,
    markMs,
    mark: (role) => keeper.want({ role: role === 'replica' && ending.signal.aborted ? 'none' : role }),
    taskEnded: (code) => {
      exitCode = code;
      stop();
    },
  });
  const stop = (): void => {
    ending.begin();
    run?.stop();
    if (keeper.wanted().role !== 'primary') void keeper.want({ role: 'none' });
  };
  const takePart = async (): Promise<void> => {
    run = startServiceRun({
      service,
      settings,
      timing,
      log,
      counts,
      office,
      onSession: (sessionId) => {
        if (!ending.signal.aborted) void keeper.want({ sessionId });
      },
    });
    onRun(run);
    run.setFitness(unfit);
    keeper.listen();
    await run.done;
  };

  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    // A tag that an earlier life left behind goes first.
    await within(keeper.want({}), markMs, ending.signal);
    if (!ending.signal.aborted) await takePart();
  } finally {
    signal.removeEventListener('abort', stop);
    ending.begin();
    const isAllowed = refusal() === null;
    if (isAllowed) await within(keeper.want({ role: 'none' }), ending.leftMs());
    keeper.close();
  }
  const refusedFor = refusal();
  if (refusedFor !== null) throw refusedFor.error;
  return exitCode;
}
