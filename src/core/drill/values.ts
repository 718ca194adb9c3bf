import type { Swap } from './bounds.ts';
import type { FaultSpan } from './history.ts';
import type { Register, Seen } from './registers.ts';
import type { Violation } from './verdict.ts';
import { through, when } from './words.ts';

/** Values that cannot be there: each version of a key once, where it was met first. */
export function unexpectedValues(span: FaultSpan, register: Register): readonly Violation[] {
  const { key } = register;
  const firsts = new Map<number, Seen>();
  for (const seen of register.unexpected) {
    const known = firsts.get(seen.version);
    if (known === undefined || seen.operation.endedAt < known.operation.endedAt)
      firsts.set(seen.version, seen);
  }
  const read = Array.from(firsts.values(), ({ version, operation }) => ({
    version,
    at: operation.endedAt,
    sentence: `A read of ${key} ${through(operation.way)} that ended ${when(span, operation.endedAt)} found version ${version}, which ${whyNot(register, version)}.`,
  }));
  const inTheEnd = [...(register.final === undefined ? [] : [register.final]), ...(register.kept ?? [])]
    .filter((version) => version !== 0 && !register.writes.has(version))
    .map((version) => ({
      version,
      at: span.endedAt,
      sentence: `In the end ${key} has version ${version}, which ${whyNot(register, version)}.`,
    }));
  const once = new Map([...inTheEnd, ...read].map((found) => [found.version, found]));
  return Array.from(once.values(), ({ at, sentence }) => ({
    kind: 'unexpected value',
    at: at - span.beganAt,
    key,
    sentence,
  }));
}

function whyNot(register: Register, version: number): string {
  return register.writes.has(version)
    ? 'nobody had begun to write'
    : 'nobody wrote, or only in a request that certainly failed';
}

/** Versions that are kept twice: each was sent once. */
export function duplicateValues(span: FaultSpan, register: Register): readonly Violation[] {
  const counts = new Map<number, number>();
  for (const version of register.kept ?? []) counts.set(version, (counts.get(version) ?? 0) + 1);
  return Array.from(counts)
    .filter(([, count]) => count > 1)
    .map(([version, count]) => ({
      kind: 'duplicate value',
      at: (register.writes.get(version)?.startedAt ?? span.endedAt) - span.beganAt,
      key: register.key,
      sentence: `Version ${version} of ${register.key} was sent once and is kept ${count} times.`,
    }));
}

/** Versions that are kept in an order that cannot have been. */
export function outOfOrder(span: FaultSpan, register: Register, swap: Swap | null): readonly Violation[] {
  if (swap === null) return [];
  const { first, second } = swap;
  return [
    {
      kind: 'versions out of order',
      at: first.startedAt - span.beganAt,
      key: register.key,
      sentence: `${register.key} keeps version ${first.version} in front of version ${second.version}, which was in its place before ${first.version} was begun ${when(span, first.startedAt)}.`,
    },
  ];
}
