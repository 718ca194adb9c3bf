import type { ForwardTarget } from '../../core/audit/forward-target.ts';
import {
  forwardBacklog,
  type ForwardLook,
  type ForwardStep,
  forwardStep,
  type Horizon,
  horizonAfter,
  noHorizon,
} from '../../core/audit/forward-step.ts';
import { describeError } from '../../core/problem.ts';
import type { Logger } from '../../runtime/log.ts';
import { pause } from '../../runtime/pause.ts';
import type { ForwardTrail } from '../../store/forward-trail.ts';
import { openFileSink } from './file-sink.ts';
import type { Sink } from './sink.ts';
import { openSyslogSink } from './syslog-sink.ts';
import type { TlsFiles } from './tls-delivery.ts';

export interface ForwardNeeds {
  readonly trail: ForwardTrail;
  readonly targets: readonly ForwardTarget[];
  readonly tls: TlsFiles;
  /** Told how many records a target lacks, whenever that was looked at. */
  readonly onBacklog: (target: string, records: number) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const rowsAtOnce = 2000;
/** Characters of records as JSON that are sent at once; a single row may have more. */
const charactersAtOnce = 4 * 1024 * 1024;
const idleMs = 200;
const retryLeastMs = 200;
const retryMostMs = 5000;

/**
 * Forwards the trail to every target until `signal`: each record again and again until the target has it, those of one chain in
 * their order. Targets do not wait for each other.
 */
export async function forward(needs: ForwardNeeds): Promise<void> {
  await Promise.all(
    needs.targets.map(async (target) => {
      const sink = openSink(target, needs.tls);
      try {
        await serve(needs, target.name, sink);
      } finally {
        await sink.end();
      }
    }),
  );
}

function openSink(target: ForwardTarget, tls: TlsFiles): Sink {
  if (target.kind === 'file') return openFileSink(target.path);
  return openSyslogSink({ ...target, tls: target.kind === 'tls' ? tls : null });
}

async function serve(needs: ForwardNeeds, target: string, sink: Sink): Promise<void> {
  const { trail, log, signal } = needs;
  let horizon = noHorizon;
  let retryMs = retryLeastMs;
  let isTaking = true;
  while (!signal.aborted) {
    try {
      const look = await trail.look(target, rowsAtOnce);
      horizon = horizonAfter(horizon, look.snapshot);
      needs.onBacklog(target, forwardBacklog(look));
      const outcome = await round(needs, { target, sink, look, horizon });
      retryMs = retryLeastMs;
      if (outcome.sent && !isTaking) log.info({ target }, 'audit records are forwarded again');
      isTaking ||= outcome.sent;
      if (!outcome.isBusy) await pause(idleMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof NotTaken) {
        if (isTaking)
          log.warn(
            { target, reason: error.message },
            'audit records are not taken; they are kept, and sent again',
          );
        isTaking = false;
      } else {
        horizon = noHorizon; // the next trail may be another one
        log.debug({ target }, `audit records wait to be forwarded: ${describeError(error)}`);
      }
      await pause(retryMs, signal);
      retryMs = Math.min(retryMs * 2, retryMostMs);
    }
  }
}

interface Round {
  readonly target: string;
  readonly sink: Sink;
  readonly look: ForwardLook;
  readonly horizon: Horizon;
}

/** What is there goes out, and is noted. */
async function round(
  { trail, onBacklog, log, signal }: ForwardNeeds,
  { target, sink, look, horizon }: Round,
): Promise<{ readonly sent: boolean; readonly isBusy: boolean }> {
  if (look.chains.length === 0) return { sent: false, isBusy: false };
  const step = forwardStep(look, countOf(look), horizon);
  const sent = step.rows.length > 0;
  if (sent) await deliver(sink, step, signal);
  await trail.delivered(target, step);
  for (const { chain, from, to } of step.missing) {
    const place = { target, node: chain.node, chain: chain.chain, from, to };
    log.warn(place, 'audit records are not in the trail any more, and were not forwarded');
  }
  onBacklog(target, forwardBacklog(look, step.progress));
  return { sent, isBusy: sent && (!look.isComplete || step.rows.length < look.rows.length) };
}

/** How many rows go at once: never none. */
function countOf({ rows }: ForwardLook): number {
  let characters = 0;
  const end = rows.findIndex(({ record }) => {
    // A row that stands for several records becomes as many messages.
    characters += JSON.stringify(record).length * (1 + (record.also?.resources.length ?? 0));
    return characters > charactersAtOnce;
  });
  return end === -1 ? rows.length : Math.max(1, end);
}

async function deliver(sink: Sink, { rows }: ForwardStep, signal: AbortSignal): Promise<void> {
  try {
    await sink.deliver(rows, signal);
  } catch (error) {
    throw new NotTaken(describeError(error), { cause: error });
  }
}

/** The target did not take what it was sent, or it is not certain. */
class NotTaken extends Error {}
