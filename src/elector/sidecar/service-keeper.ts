import { describeError } from '../../core/problem.ts';
import { keepMarks } from '../consul/marks.ts';
import { type LocalService, type ServiceView, viewService, writeService } from '../consul/service.ts';
import { ringOnChanges } from '../consul/service-bell.ts';
import type { WantedMarks } from '../consul/tags.ts';
import type { ElectorLog } from '../log.ts';
import type { ElectionSettings } from '../settings/settings.ts';
import { createStreaks } from '../streaks.ts';

export interface ServiceKeeperDeps {
  readonly service: LocalService;
  readonly settings: ElectionSettings;
  readonly log: ElectorLog;
  readonly timeoutMs: number;
  readonly retryMs: number;
  readonly wrote: () => void;
  /** Null when the checks of the service let it lead, else why not: each time that they were looked at. */
  readonly fitness: (unfitBecause: string | null) => void;
}

/** Our own service: its marks as they shall be, and word of its health. */
export interface ServiceKeeper {
  /** Changes what is wanted; resolves once it is so. */
  readonly want: (change: Partial<WantedMarks>) => Promise<void>;
  readonly wanted: () => WantedMarks;
  /** Waits for changes by others from now on. */
  readonly listen: () => void;
  readonly close: () => void;
}

/** How long one change is waited for before the question is asked again. */
const bellMs = 60_000;

export function keepService(deps: ServiceKeeperDeps): ServiceKeeper {
  const { service, settings, log, timeoutMs, retryMs } = deps;
  const closing = new AbortController();
  const streaks = createStreaks(log);
  let wanted: WantedMarks = { role: 'replica', sessionId: null };
  let { name } = settings.service;

  const seen = (view: ServiceView | null): void => {
    streaks.succeeded('marks');
    const said = view?.entry['Service'];
    if (typeof said === 'string') name = said;
    const [sick] = settings.heedsHealth ? (view?.critical ?? []) : [];
    deps.fitness(sick === undefined ? null : `its check "${sick}" is critical`);
  };
  const marks = keepMarks({
    labels: settings.labels,
    retryMs,
    view: () => viewService(service, timeoutMs),
    write: (view, tags, meta) => writeService(service, view, tags, meta, timeoutMs),
    seen,
    failed: (error) => streaks.failed('marks', `the service: ${describeError(error)}`),
    wrote: deps.wrote,
  });

  return {
    want: (change) => {
      wanted = { ...wanted, ...change };
      return marks.want(wanted);
    },
    wanted: () => wanted,
    listen: () => {
      void ringOnChanges(service, {
        name,
        waitMs: bellMs,
        timeoutMs,
        retryMs,
        signal: closing.signal,
        ring: () => marks.check(),
        failed: (error) => streaks.failed('bell', describeError(error)),
      });
    },
    close: () => {
      closing.abort();
      marks.close();
    },
  };
}
