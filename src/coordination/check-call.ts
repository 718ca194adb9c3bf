import type { Compare, Write } from '../core/coordination/cluster-store.ts';
import { Problem } from '../core/problem.ts';

/** etcd's default `--max-txn-ops`. */
const txnLimitOps = 128;
/** Below etcd's default `--max-request-bytes` (1.5 MiB) even after encoding. */
const txnLimitBytes = 1024 * 1024;

/** Refuses what no store takes, before anything is sent, so that every adapter refuses the same. @throws Problem `store_rejected` */
export function checkTxn(compare: readonly Compare[], writes: readonly Write[]): void {
  if (compare.length > txnLimitOps || writes.length > txnLimitOps) {
    throw rejected(`a transaction takes ${txnLimitOps} conditions and ${txnLimitOps} writes; split it`);
  }
  const written = new Set<string>();
  let bytes = 0;
  for (const write of writes) {
    checkKey(write.key);
    if (written.has(write.key)) {
      throw rejected(`the key ${write.key} stands twice in one transaction; keep one write of it`);
    }
    written.add(write.key);
    bytes += write.key.length + (write.kind === 'put' ? Buffer.byteLength(write.value) : 0);
  }
  for (const condition of compare) checkKey(condition.key);
  if (bytes > txnLimitBytes) {
    throw rejected(`a transaction takes ${txnLimitBytes} bytes, this one has ${bytes}; split it`);
  }
}

/** @throws Problem `store_rejected` */
export function checkKey(key: string): void {
  if (key === '') throw rejected('a key or prefix must not be empty');
}

/** @throws Problem `store_rejected` */
export function checkTtl(ttlSeconds: number): void {
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1) {
    throw rejected(`ttlSeconds: a lease takes whole seconds from 1 on, not ${ttlSeconds}`);
  }
}

function rejected(because: string): Problem {
  return new Problem('store_rejected', `The cluster store refused the call: ${because}.`);
}
