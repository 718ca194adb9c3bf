import type { FinalState, History, Operation } from './history.ts';

/** One write of a key. */
export interface Written {
  readonly version: number;
  readonly startedAt: number;
  /** When its client knew of it; null: it never did, so that the value may stand, or come to stand at any later time. */
  readonly acknowledgedAt: number | null;
}

/** A read that succeeded. `version` is 0 where there was no value. */
export interface Seen {
  readonly version: number;
  readonly operation: Operation;
}

/** Everything that is known of one key. */
export interface Register {
  readonly key: string;
  /** By version, without those that certainly were not done. */
  readonly writes: ReadonlyMap<number, Written>;
  /** Reads of values that were there to be read, in no order. */
  readonly reads: readonly Seen[];
  /** Reads of values that nobody wrote, or that nobody had begun to write when the read was over. */
  readonly unexpected: readonly Seen[];
  /** 0: no value; undefined: not read. */
  readonly final: number | undefined;
  /** Oldest first; undefined: not read. */
  readonly kept: readonly number[] | undefined;
}

/** A history, key by key: keys have nothing to do with each other. */
export function registersOf(history: History): readonly Register[] {
  const operations = new Map<string, Operation[]>();
  for (const key of [...history.final.keys(), ...history.kept.keys()]) operations.set(key, []);
  for (const operation of history.operations) {
    const known = operations.get(operation.key);
    if (known === undefined) operations.set(operation.key, [operation]);
    else known.push(operation);
  }
  return Array.from(operations, ([key, of]) => ({
    key,
    ...clientsOf(of),
    final: finalOf(history.final, key),
    kept: history.kept.get(key),
  }));
}

function finalOf(final: FinalState, key: string): number | undefined {
  const version = final.get(key);
  return version === null ? 0 : version;
}

function clientsOf(operations: readonly Operation[]): Pick<Register, 'writes' | 'reads' | 'unexpected'> {
  const writes = new Map<number, Written>();
  for (const { action, version, startedAt, endedAt, outcome } of operations) {
    if (action === 'read' || version === null || outcome === 'failed') continue;
    writes.set(version, { version, startedAt, acknowledgedAt: outcome === 'ok' ? endedAt : null });
  }
  const reads: Seen[] = [];
  const unexpected: Seen[] = [];
  for (const operation of operations) {
    if (operation.action === 'write' || operation.outcome !== 'ok') continue;
    const version = operation.version ?? 0;
    // With equal times nothing is told of their order.
    const wasThere = (writes.get(version)?.startedAt ?? Number.POSITIVE_INFINITY) <= operation.endedAt;
    (version === 0 || wasThere ? reads : unexpected).push({ version, operation });
  }
  return { writes, reads, unexpected };
}
