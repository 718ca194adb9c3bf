import type { Operation } from '../history.ts';

/**
 * Whether some order of the operations on one key explains them all, by trying every order: slow and obvious. Operations that
 * did not succeed may stand at any time after their beginning, or never.
 *
 * @param kept when given, the writes must have happened in this order, and no others
 */
export function isExplained(operations: readonly Operation[], kept: readonly number[] | null): boolean {
  const relevant = operations.filter(
    ({ action, outcome }) => outcome === 'ok' || (action === 'write' && outcome === 'indeterminate'),
  );
  return search(relevant, 0, [], kept);
}

function search(
  left: readonly Operation[],
  value: number,
  written: readonly number[],
  kept: readonly number[] | null,
): boolean {
  const isOver = left.every(({ outcome }) => outcome !== 'ok');
  if (isOver && (kept === null || (kept.length === written.length && kept.every((v, i) => v === written[i]))))
    return true;
  return left.some((next) => {
    const others = left.filter((other) => other !== next);
    if (others.some((other) => other.outcome === 'ok' && other.endedAt < next.startedAt)) return false;
    if (next.action === 'read') return (next.version ?? 0) === value && search(others, value, written, kept);
    const version = next.version ?? 0;
    return search(others, version, [...written, version], kept);
  });
}
