/**
 * The shortest lease. A second is lost to whole seconds, another to clocks that differ and to the task that has to stop; what is left
 * must hold several renewals.
 */
export const shortestLeaseMs = 10_000;
