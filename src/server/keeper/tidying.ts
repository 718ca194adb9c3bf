import { type Acknowledgements, isThere, type LocalChain } from '../../core/audit/carry-step.ts';
import { describeError } from '../../core/problem.ts';
import type { Logger } from '../../runtime/log.ts';
import type { KeptTrail } from '../../store/kept-trail.ts';

const tidyEveryMs = 10_000;

/**
 * Throws away what the master has, from time to time, beside the carrying: it may have to wait for somebody who reads. So what is
 * known is asked for each segment: by then there may be another master, which may have less.
 */
export function tidying({
  trail,
  log,
}: {
  readonly trail: KeptTrail;
  readonly log: Logger;
}): (known: () => Acknowledgements) => void {
  let next = performance.now() + tidyEveryMs;
  let isBusy = false;
  return (known) => {
    if (isBusy || performance.now() < next) return;
    isBusy = true;
    tidy(trail, known)
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
