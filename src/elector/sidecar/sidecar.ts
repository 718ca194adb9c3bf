import { isProblem } from '../../core/problem.ts';
import type { ElectorLog } from '../log.ts';
import type { SidecarSettings } from '../settings/settings.ts';
import { type Contender, startContender } from './contender.ts';
import { createEntries } from './entries.ts';
import { serveStatus } from './http-server.ts';

export interface SidecarDeps {
  /** Of one election; of the sidecar itself where the name is null. */
  readonly log: (election: string | null) => ElectorLog;
  readonly signal: AbortSignal;
}

/**
 * Takes part in all elections until the signal, or until one of them cannot go on: then the others end in good order, too.
 *
 * @returns the exit code of a task that ended by itself, else 0
 * @throws Problem why an election could not begin, or that the HTTP port is taken
 */
export async function runSidecar(settings: SidecarSettings, { log, signal }: SidecarDeps): Promise<number> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  for (const warning of settings.warnings) log(null).warn(warning);
  const several = settings.elections.length > 1;
  const contenders: Contender[] = [];
  const entries = createEntries();
  const server = settings.http === null ? null : await serveStatus(settings.http, contenders);
  for (const election of settings.elections) {
    const name = several ? election.serviceName : null;
    contenders.push(
      startContender(election, {
        connection: settings.connection,
        entries,
        log: log(name),
        signal: ending.signal,
      }),
    );
  }
  try {
    const ended = contenders.map(({ done }) => done.finally(end));
    const results = await Promise.allSettled(ended);
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    // The others were only told to end.
    const failure: unknown = reasons.find((reason) => isProblem(reason)) ?? reasons[0];
    if (reasons.length > 0 && !signal.aborted) throw failure;
    return Math.max(0, ...results.map((result) => (result.status === 'fulfilled' ? result.value : 0)));
  } finally {
    signal.removeEventListener('abort', end);
    await server?.close();
  }
}
