/**
 * How the engine of an API worker is set: a young generation that holds what some milliseconds of full load leave behind,
 * since what outlives it costs a collection of everything; and a bound for the rest. Both in MiB.
 */
export const workerFlags: readonly string[] = ['--max-semi-space-size=16', '--max-old-space-size=512'];
