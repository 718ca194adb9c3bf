import { once } from 'node:events';
import type { Fetch } from '../../client/fetch.ts';

/** A fetch whose next request of a kind can be held back on its way. */
export interface HeldRequests {
  readonly fetch: Fetch;
  readonly holdNext: (fits: (method: string, path: string) => boolean) => HeldRequest;
}

export interface HeldRequest {
  /** Resolves when it is held. */
  readonly held: Promise<unknown>;
  /** Lets it go on, also when its sender has given it up: as on a network. @returns what the server answered */
  readonly release: () => Promise<number>;
}

export function holdingFetch(fetch: Fetch): HeldRequests {
  let hold: {
    readonly fits: (method: string, path: string) => boolean;
    readonly reached: () => void;
    readonly answered: (status: number) => void;
    readonly go: AbortController;
  } | null = null;
  return {
    fetch: async (url, init) => {
      const holding = hold;
      if (holding?.fits(init.method, new URL(url).pathname) !== true) return fetch(url, init);
      hold = null;
      holding.reached();
      if (!holding.go.signal.aborted) await once(holding.go.signal, 'abort');
      const answer = await fetch(url, { ...init, signal: new AbortController().signal });
      holding.answered(answer.status);
      return answer;
    },
    holdNext: (fits) => {
      const reached = Promise.withResolvers<void>();
      const answered = Promise.withResolvers<number>();
      const go = new AbortController();
      hold = { fits, reached: reached.resolve, answered: answered.resolve, go };
      return {
        held: reached.promise,
        release: async () => {
          go.abort();
          return answered.promise;
        },
      };
    },
  };
}
