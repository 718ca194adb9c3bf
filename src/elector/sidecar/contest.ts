import { electionTiming, stopBaseMs } from '../../core/election/timing.ts';
import { createElectionClock } from '../clock.ts';
import type { LocalService } from '../consul/service.ts';
import { readStepDown } from '../consul/step-down.ts';
import type { ElectorLog } from '../log.ts';
import { createPatience } from '../patience.ts';
import { type ElectionRun, runElection } from '../runner.ts';
import type { ElectionSettings } from '../settings/settings.ts';
import { within } from '../within.ts';
import type { Counts } from './counts.ts';
import { createEnding } from './ending.ts';
import { serviceBackend } from './service-backend.ts';
import { keepService, type ServiceKeeper } from './service-keeper.ts';
import { createTaskOffice, type TaskOffice } from './task-office.ts';

export interface Contest {
  readonly service: LocalService;
  readonly settings: ElectionSettings;
  readonly log: ElectorLog;
  readonly signal: AbortSignal;
  readonly counts: Counts;
  readonly onRun: (run: ElectionRun) => void;
}

/** To open the first session: one more than the shell sidecar's. */
const openAttempts = 2;
const openPauseMs = 5000;
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
  const onValue = (value: string): void => {
    const asked = readStepDown(value);
    if (asked !== null && asked === run?.standing().sessionId) run.stepDown();
  };
  const begin = (): ElectionRun =>
    runElection({
      backend: serviceBackend(service, { settings, timeoutMs: timing.callMs, onValue }),
      timing,
      log,
      nowMs: createElectionClock(),
      patience: createPatience(openAttempts, openPauseMs),
      office: {
        elected: (term) => {
          counts.elections += 1;
          office.elected(term);
        },
        deposed: (because) => office.deposed(because),
      },
      onSession: (sessionId) => {
        if (sessionId !== null && !ending.signal.aborted) void keeper.want({ sessionId });
      },
      onExtended: (leftMs) => office.extended(leftMs),
      onCall: (kind, hasFailed) => counts.called(kind, hasFailed),
    });
  const takePart = async (): Promise<void> => {
    run = begin();
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
