import { type Acknowledgements, isThere, type LocalChain } from '../../core/audit/carry-step.ts';
import { describeError } from '../../core/problem.ts';
import type { Logger } from '../../runtime/log.ts';
import type { KeptTrail } from '../../store/kept-trail.ts';

const tidyEveryMs = 10_000;

/** Throws away what the master has, from time to time, beside the carrying: it may have to wait for somebody who reads. */
export function tidying({
  trail,
  log,
}: {
  readonly trail: KeptTrail;
  readonly log: Logger;
}): (known: Acknowledgements) => void {
  let next = performance.now() + tidyEveryMs;
  let isBusy = false;
  let newest: Acknowledgements = new Map();
  return (known) => {
    newest = known; // also for one that is under way: another master may have less
    if (isBusy || performance.now() < next) return;
    isBusy = true;
    tidy(trail, () => newest)
      .catch((error: unknown) => log.debug(`audit records are not thrown away yet: ${describeError(error)}`))
      .finally(() => {
        isBusy = false;
        next = performance.now() + tidyEveryMs;
      });
  };
}

async function tidy(trail: KeptTrail, known: () => Acknowledgements): Promise<void> {
  const chains = new Map<number, LocalChain>((await trail.chains()).map((chain) => [chain.id, chain]));
  await trail.tidy((id, seq) => {
    const chain = chains.get(id);
    return chain !== undefined && isThere(chain, seq, known());
  });
}
