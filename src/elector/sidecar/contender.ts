import type { ElectionBackend } from '../../core/election/backend.ts';
import { electionTiming } from '../../core/election/timing.ts';
import { createElectionClock } from '../clock.ts';
import { createConsulBackend } from '../consul/backend.ts';
import type { ConsulConnection } from '../consul/connection-settings.ts';
import { openConsulHttp } from '../consul/http.ts';
import { checksOfService, type LocalService } from '../consul/service.ts';
import { readStepDown } from '../consul/step-down.ts';
import type { ElectorLog } from '../log.ts';
import { createPatience } from '../patience.ts';
import { type ElectionRun, runElection, type Standing } from '../runner.ts';
import { type ElectionSettings, sessionName } from '../settings/settings.ts';
import { type Counts, createCounts } from './counts.ts';
import { findOwnService } from './own-service.ts';
import { keepService } from './service-keeper.ts';
import { createTaskOffice } from './task-office.ts';
import { within } from '../within.ts';

export interface ContenderDeps {
  readonly connection: ConsulConnection;
  readonly log: ElectorLog;
  readonly signal: AbortSignal;
}

/** One election of the sidecar, from the first look at the service to the last mark that is taken off. */
export interface Contender {
  readonly settings: ElectionSettings;
  readonly standing: () => Standing | null;
  readonly counts: Counts;
  /** Resolves with the exit code of the task that ended by itself, or 0; rejects with why it could not begin. */
  readonly done: Promise<number>;
}

/** To open the first session: one more than the shell sidecar's. */
const openAttempts = 2;
const openPauseMs = 5000;
/** To find the service. */
const findMs = 2000;

/** Takes part in one election until the signal: then it gives up in good order. */
export function startContender(settings: ElectionSettings, deps: ContenderDeps): Contender {
  const counts = createCounts();
  let run: ElectionRun | null = null;
  return {
    settings,
    counts,
    standing: () => run?.standing() ?? null,
    done: contend(settings, deps, counts, (started) => {
      run = started;
    }),
  };
}

async function contend(
  settings: ElectionSettings,
  { connection, log, signal }: ContenderDeps,
  counts: Counts,
  onRun: (run: ElectionRun) => void,
): Promise<number> {
  const http = await openConsulHttp(connection);
  try {
    const id = await findOwnService({ http, query: settings.service, timeoutMs: findMs, log, signal });
    return await contendFor({ http, id }, { settings, log, signal, counts, onRun });
  } finally {
    http.close();
  }
}

interface Contest {
  readonly settings: ElectionSettings;
  readonly log: ElectorLog;
  readonly signal: AbortSignal;
  readonly counts: Counts;
  readonly onRun: (run: ElectionRun) => void;
}

/** The election itself, of a service that was found. Returns the exit code of a task that ended by itself, else 0. */
async function contendFor(
  service: LocalService,
  { settings, log, signal, counts, onRun }: Contest,
): Promise<number> {
  const timing = electionTiming(settings.ttlMs, settings.renewEveryMs, settings.taskStopMs);
  const markMs = Math.max(500, timing.callMs);
  let run: ElectionRun | null = null;
  let unfit: string | null = null;
  let isStopping = false;
  let exitCode = 0;
  let refused: { readonly error: unknown } | null = null;
  const keeper = keepService({
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
      if (refused !== null) stop();
    },
    fitness: (because) => {
      unfit = because;
      run?.setFitness(because);
    },
  });
  const throwRefusal = (): void => {
    if (refused !== null) throw refused.error;
  };
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    run?.stop();
    if (keeper.wanted().role !== 'primary') void keeper.want({ role: 'none' });
  };
  const office = createTaskOffice({
    settings,
    log,
    markMs,
    mark: (role) => keeper.want({ role: role === 'replica' && isStopping ? 'none' : role }),
    taskEnded: (code) => {
      exitCode = code;
      stop();
    },
  });
  try {
    // A tag that an earlier life left behind goes first.
    await within(keeper.want({}), markMs);
    throwRefusal();
    const onValue = (value: string): void => {
      const asked = readStepDown(value);
      if (asked !== null && asked === run?.standing().sessionId) run.stepDown();
    };
    const started = runElection({
      backend: backendOf(service, { settings, timeoutMs: timing.callMs, onValue }),
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
        if (sessionId !== null && !isStopping) void keeper.want({ sessionId });
      },
      onExtended: (leftMs) => office.extended(leftMs),
      onCall: (kind, hasFailed) => counts.called(kind, hasFailed),
    });
    run = started;
    onRun(started);
    started.setFitness(unfit);
    keeper.listen();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await started.done;
    } finally {
      isStopping = true;
      signal.removeEventListener('abort', stop);
      await within(keeper.want({ role: 'none' }), markMs);
    }
    throwRefusal();
    return exitCode;
  } finally {
    keeper.close();
  }
}

interface BackendOptions {
  readonly settings: ElectionSettings;
  readonly timeoutMs: number;
  readonly onValue: (value: string) => void;
}

function backendOf(service: LocalService, { settings, timeoutMs, onValue }: BackendOptions): ElectionBackend {
  const { key, ttlMs, lockDelayMs, sessionChecks } = settings;
  const backend = createConsulBackend({
    http: service.http,
    key,
    session: {
      name: sessionName(settings),
      ttlMs,
      lockDelayMs,
      nodeChecks: sessionChecks.node ? ['serfHealth'] : [],
      serviceChecks: [],
    },
    ...(sessionChecks.service ? { serviceChecks: () => checksOfService(service, timeoutMs) } : {}),
    onValue,
  });
  // The connection is needed longer: the marks go last.
  return { ...backend, close: () => undefined };
}
