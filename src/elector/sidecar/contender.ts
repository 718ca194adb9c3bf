import { electionTiming } from '../../core/election/timing.ts';
import { describeError } from '../../core/problem.ts';
import { createElectionClock } from '../clock.ts';
import { createConsulBackend } from '../consul/backend.ts';
import type { ConsulConnection } from '../consul/connection-settings.ts';
import { openConsulHttp } from '../consul/http.ts';
import { keepMarks, type Marks } from '../consul/marks.ts';
import {
  checksOfService,
  type LocalService,
  type ServiceView,
  viewService,
  writeService,
} from '../consul/service.ts';
import { ringOnChanges } from '../consul/service-bell.ts';
import { readStepDown } from '../consul/step-down.ts';
import type { WantedMarks } from '../consul/tags.ts';
import type { ElectorLog } from '../log.ts';
import { createPatience } from '../patience.ts';
import { type ElectionRun, runElection, type Standing } from '../runner.ts';
import { type ElectionSettings, sessionName } from '../settings/settings.ts';
import { createStreaks } from '../streaks.ts';
import { type Counts, createCounts } from './counts.ts';
import { findOwnService } from './own-service.ts';
import { createTaskOffice } from './task-office.ts';
import { within } from './within.ts';

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

/** How long one change of our service is waited for before the question is asked again. */
const bellMs = 60_000;
/** To open the first session: one more than the shell sidecar's. */
const openAttempts = 2;
const openPauseMs = 5000;

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
  const timing = electionTiming(settings.ttlMs, settings.renewEveryMs, settings.taskStopMs);
  const timeoutMs = timing.callMs;
  const http = await openConsulHttp(connection);
  const closing = new AbortController();
  let marks: Marks | null = null;
  try {
    const id = await findOwnService({ http, query: settings.service, timeoutMs: 2000, log, signal });
    const service: LocalService = { http, id };
    const streaks = createStreaks(log);
    let run: ElectionRun | null = null;
    let unfitBecause: string | null = null;
    let name = settings.service.name;
    const heed = (view: ServiceView | null): void => {
      const [sick] = settings.heedsHealth ? (view?.critical ?? []) : [];
      unfitBecause = sick === undefined ? null : `its check "${sick}" is critical`;
      const said = view?.entry['Service'];
      if (typeof said === 'string') name = said;
      run?.setFitness(unfitBecause);
    };
    marks = keepMarks({
      labels: settings.labels,
      retryMs: Math.max(200, timing.retryMs),
      view: () => viewService(service, timeoutMs),
      write: (view, tags, meta) => writeService(service, view, tags, meta, timeoutMs),
      seen: (view) => {
        streaks.succeeded('marks');
        heed(view);
      },
      failed: (error) => streaks.failed('marks', `the service: ${describeError(error)}`),
      wrote: () => {
        counts.marksWritten += 1;
      },
    });
    let wanted: WantedMarks = { role: 'replica', sessionId: null };
    const keeper = marks;
    const want = (change: Partial<WantedMarks>): Promise<void> => {
      wanted = { ...wanted, ...change };
      return keeper.want(wanted);
    };
    const markMs = Math.max(500, timeoutMs);
    // A tag that an earlier life left behind goes first.
    await within(want({}), markMs);
    let isStopping = false;
    let exitCode = 0;
    const office = createTaskOffice({
      settings,
      log,
      markMs,
      mark: (role) => want({ role: role === 'replica' && isStopping ? 'none' : role }),
      taskEnded: (code) => {
        exitCode = code;
        stop();
      },
    });
    const stop = (): void => {
      if (isStopping) return;
      isStopping = true;
      run?.stop();
      if (wanted.role !== 'primary') void want({ role: 'none' });
    };
    const backend = createConsulBackend({
      http,
      key: settings.key,
      session: {
        name: sessionName(settings),
        ttlMs: settings.ttlMs,
        lockDelayMs: settings.lockDelayMs,
        nodeChecks: settings.sessionChecks.node ? ['serfHealth'] : [],
        serviceChecks: [],
      },
      ...(settings.sessionChecks.service ? { serviceChecks: () => checksOfService(service, timeoutMs) } : {}),
      onValue: (value) => {
        const asked = readStepDown(value);
        if (asked !== null && asked === run?.standing().token) run.stepDown();
      },
    });
    const started = runElection({
      backend: { ...backend, close: () => undefined },
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
        if (sessionId !== null && !isStopping) void want({ sessionId });
      },
      onExtended: (leftMs) => office.extended(leftMs),
      onCall: (kind, hasFailed) => counts.called(kind, hasFailed),
    });
    run = started;
    onRun(started);
    if (unfitBecause !== null) started.setFitness(unfitBecause);
    void ringOnChanges(service, {
      name,
      waitMs: bellMs,
      timeoutMs,
      retryMs: Math.max(200, timing.retryMs),
      signal: closing.signal,
      ring: () => keeper.check(),
      failed: (error) => streaks.failed('bell', describeError(error)),
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    try {
      await started.done;
    } finally {
      isStopping = true;
      signal.removeEventListener('abort', stop);
      await within(want({ role: 'none' }), markMs);
    }
    return exitCode;
  } finally {
    closing.abort();
    marks?.close();
    http.close();
  }
}
