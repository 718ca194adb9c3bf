import type { History } from './history.ts';
import type { Register } from './registers.ts';
import type { Verdict, Violation } from './verdict.ts';
import { when } from './words.ts';

/**
 * What is still broken when the round is over. A key whose values were not read leaves open what became of its writes, which
 * must not pass for "nothing was lost".
 */
export function unhealed(
  history: History,
  registers: readonly Register[],
  { redundancyMs }: Pick<Verdict, 'redundancyMs'>,
): readonly Violation[] {
  const { span, operations } = history;
  const violations: Violation[] = [];
  const add = (key: string | null, sentence: string): void => {
    violations.push({ kind: 'did not heal', at: span.endedAt - span.beganAt, key, sentence });
  };
  const ended = when(span, span.endedAt);
  if (redundancyMs === null) {
    add(
      null,
      `The fault ended ${ended}, and the last look found a cluster that could not lose its master again.`,
    );
  }
  const written = operations.some(
    ({ action, outcome, way, startedAt }) =>
      action === 'write' && outcome === 'ok' && way.kind === 'balancer' && startedAt >= span.endedAt,
  );
  if (!written) {
    add(null, `No write that began after the end of the fault (${ended}) came through the load balancer.`);
  }
  for (const { key, writes, final, kept } of registers) {
    const acknowledged = Array.from(writes.values()).filter((write) => write.acknowledgedAt !== null);
    if (acknowledged.length === 0) continue;
    if (final === undefined) add(key, `The value of ${key} was not read in the end.`);
    else if (kept === undefined && writes.get(final)?.acknowledgedAt === null)
      add(
        key,
        `Nobody was told that the value of ${key} in the end was written, and the kept versions that would tell its place were not read.`,
      );
  }
  return violations;
}
