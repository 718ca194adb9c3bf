import { emptyTally, type PassOutcome } from '../pass/outcome.ts';

/** A pass over a vault in which nothing lies. */
export const quietOutcome: PassOutcome = {
  ...emptyTally(),
  mode: 'quick',
  dryRun: false,
  wholeVault: true,
  safes: [],
  lobFaults: [],
  stopped: null,
  accounts: 0,
  unchanged: 0,
  times: { listMs: 0, targetMs: 0, policiesMs: 0, valuesMs: 0, totalMs: 0 },
};
