/** Authority ends this long before the cluster may act on silence: covers an immediate stop and the drift of clock rates. */
export function marginMs(ttlMs: number): number {
  return Math.max(200, ttlMs / 10);
}

/** Within this time a candidate's WAL receivers must be seen gone, or it gives the lock back. */
export const detachLimitMs = 500;
/** How long a winner waits for the other standbys to say how much they have received. */
export const gatherWaitMs = 200;
/** How long a winner fetches from a standby that has more. */
export const gatherLimitMs = 500;
/** How long a promotion may take once claimed. */
export const promotionLimitMs = 5000;
/** The lease of the promotion lock, in seconds: a winner that hangs loses it. */
export const lockTtlSeconds = 8;
/** How long a named successor is waited for. */
export const successorWaitMs = 2000;
/** For this long a former master leaves machine and disk to those who take over from it. */
export const stepAsideMs = 1500;
/** How long clients that come to a new master wait for its first standby. */
export const firstHoldMs = 2000;
/** How long writes wait for a standby to come back before they are refused at once. */
export const lonelyHoldMs = 2000;
/** How long a master without a standby looks for one every few milliseconds. */
export const awaitOftenMs = 30_000;
/** How long writes may drain before a hand-over stops the instances anyway. */
export const drainLimitMs = 1000;
/** How long the checkpoint before a hand-over may take. */
export const checkpointLimitMs = 60_000;
/** How long the instances may take to stop in a hand-over before they are killed. */
export const stopLimitMs = 10_000;
/** How long a master that was told to stop waits, its instances stopped, for a silent store to hand over to. */
export const storelessStopMs = 1000;
/** A standby that does not stream for this long, from a live master, is rewound; then copied. */
export const streamLimitMs = 10_000;
/** How long a node that must not be rewound yet waits for the new term's first standby, after which it may be. */
export const firstStandbyWaitMs = 2000;
/** After the promotion lock was given back, others get their chance for this long. */
export const holdOffMs = 1000;
/** An instance that starts for longer than this may lack log that makes it consistent: it is pointed at the master. */
export const startAloneMs = 1500;
/** A standby's or follower's instance that answers nothing for this long is started again. */
export const hangLimitMs = 30_000;
/** An instance that is pointed at a live master and starts for longer than this is copied. */
export const startLimitMs = 40_000;
/** A turn that waits for what rings the bell anyway (a task, a change in the store): looked for all the same, seldom. */
export const eventMs = 100;
/** A turn that waits for something quick. */
export const soonMs = 20;
