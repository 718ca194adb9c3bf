import type { ServingRole, ServingState } from '../../core/serving.ts';

const everyMs = 5000;
/** Who may become master any moment. */
const waiting: ReadonlySet<ServingRole> = new Set(['standby', 'starting']);

/**
 * A node that serves nobody is kept ready to: connected, its keys read. A promotion keeps the connections, and the first
 * requests after it find them.
 *
 * @param warm may fail: then the next round tries again
 */
export function keepsWarm(warm: () => Promise<unknown>): (state: ServingState) => void {
  let last = Number.NEGATIVE_INFINITY;
  return ({ role }) => {
    const now = performance.now();
    if (!waiting.has(role) || now - last < everyMs) return;
    last = now;
    void warm().catch(() => undefined);
  };
}
