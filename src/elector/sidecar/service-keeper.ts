import { describeError, isProblem } from '../../core/problem.ts';
import type { ConsulHttp } from '../consul/http.ts';
import { keepMarks } from '../consul/marks.ts';
import { type LocalService, type ServiceView, viewService, writeService } from '../consul/service.ts';
import { ringOnChanges } from '../consul/service-bell.ts';
import { readSession } from '../consul/sessions.ts';
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
  /** The token may not write the entry. */
  readonly denied: (error: unknown) => void;
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

/** Why the task may not lead, as its entry says. */
function unfitness(view: ServiceView | null, heedsHealth: boolean): string | null {
  if (view === null) return 'the agent has no entry of its service any more';
  const [sick] = heedsHealth ? view.critical : [];
  return sick === undefined ? null : `its check "${sick}" is critical`;
}

/** Whose the other session is, as the end of a sentence; null: Consul does not tell, or does not know it any more. */
async function describeRival(http: ConsulHttp, sessionId: string, timeoutMs: number): Promise<string | null> {
  try {
    const session = await readSession(http, sessionId, timeoutMs);
    return session === null
      ? null
      : `: by a sidecar with the session ${sessionId}, "${session.name}". An entry takes part in one election, by one sidecar: end that one, or register a service for each.`;
  } catch {
    return null;
  }
}

export function keepService(deps: ServiceKeeperDeps): ServiceKeeper {
  const { service, settings, log, timeoutMs, retryMs } = deps;
  const closing = new AbortController();
  const streaks = createStreaks(log);
  let wanted: WantedMarks = { role: 'replica', sessionId: null };
  let { name } = settings.service;
  let unfit: string | null = null;
  let rival: string | null = null;

  const tellRival = async (): Promise<void> => {
    const whose = rival === null ? null : await describeRival(service.http, rival, timeoutMs);
    log.warn(
      `the tags or Meta of the service entry "${service.id}" are written by somebody else, again and again${whose ?? ': is there a second sidecar, or a second election, for it?'}`,
    );
  };
  const seen = (view: ServiceView | null): void => {
    streaks.succeeded('view');
    const said = view?.entry['Service'];
    if (typeof said === 'string') name = said;
    const session = view?.meta['session'];
    if (session !== undefined && wanted.sessionId !== null && session !== wanted.sessionId) rival = session;
    tellFitness(unfitness(view, settings.heedsHealth));
  };
  const tellFitness = (because: string | null): void => {
    if (because !== unfit) {
      if (because !== null) log.warn(`the task cannot lead: ${because}.`);
      else log.warn('the task can lead again.');
    }
    unfit = because;
    deps.fitness(because);
  };
  const marks = keepMarks({
    labels: settings.labels,
    retryMs,
    view: () => viewService(service, timeoutMs),
    write: (view, tags, meta) => writeService(service, view, tags, meta, timeoutMs),
    seen,
    failed: (call, error) => {
      streaks.failed(call, `the service: ${describeError(error)}`);
      if (call === 'write' && isProblem(error, 'consul_denied')) deps.denied(error);
    },
    wrote: () => {
      streaks.succeeded('write');
      deps.wrote();
    },
    contested: () => void tellRival(),
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
