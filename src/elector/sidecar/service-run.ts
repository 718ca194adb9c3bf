import type { ElectionTiming } from '../../core/election/timing.ts';
import { createElectionClock } from '../clock.ts';
import type { LocalService } from '../consul/service.ts';
import { readStepDown } from '../consul/step-down.ts';
import type { ElectorLog } from '../log.ts';
import { createPatience } from '../patience.ts';
import { type ElectionRun, runElection } from '../runner.ts';
import type { ElectionSettings } from '../settings/settings.ts';
import type { Counts } from './counts.ts';
import { serviceBackend } from './service-backend.ts';
import type { TaskOffice } from './task-office.ts';

export interface ServiceRunDeps {
  readonly service: LocalService;
  readonly settings: ElectionSettings;
  readonly timing: ElectionTiming;
  readonly log: ElectorLog;
  readonly counts: Counts;
  readonly office: TaskOffice;
  /** A session was opened. */
  readonly onSession: (sessionId: string) => void;
}

/** To open the first session: one more than the shell sidecar's. */
const openAttempts = 2;
const openPauseMs = 5000;

/** Begins the election of a service in Consul. Who writes our session into the key asks us to step down. */
export function startServiceRun(deps: ServiceRunDeps): ElectionRun {
  const { service, settings, timing, log, counts, office } = deps;
  const onValue = (value: string): void => {
    const asked = readStepDown(value);
    if (asked !== null && asked === run.standing().sessionId) run.stepDown();
  };
  const run: ElectionRun = runElection({
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
      if (sessionId !== null) deps.onSession(sessionId);
    },
    onExtended: (leftMs) => office.extended(leftMs),
    onCall: (kind, hasFailed) => counts.called(kind, hasFailed),
  });
  return run;
}
