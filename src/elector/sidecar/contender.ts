import type { ConsulConnection } from '../consul/connection-settings.ts';
import { openConsulHttp } from '../consul/http.ts';
import type { ElectorLog } from '../log.ts';
import type { ElectionRun, Standing } from '../runner.ts';
import type { ElectionSettings } from '../settings/settings.ts';
import { contest } from './contest.ts';
import { type Counts, createCounts } from './counts.ts';
import type { Entries } from './entries.ts';
import { findOwnService } from './own-service.ts';

export interface ContenderDeps {
  readonly connection: ConsulConnection;
  /** Of all contenders of this process. */
  readonly entries: Entries;
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
  { connection, entries, log, signal }: ContenderDeps,
  counts: Counts,
  onRun: (run: ElectionRun) => void,
): Promise<number> {
  const http = await openConsulHttp(connection);
  try {
    const id = await findOwnService({ http, query: settings.service, timeoutMs: findMs, log, signal });
    // Before anything is written.
    entries.claim(id, settings);
    return await contest({ service: { http, id }, settings, log, signal, counts, onRun });
  } finally {
    http.close();
  }
}
