import type { Fetch } from '../../client/fetch.ts';

export type CallSide = 'source' | 'target';
/** `refused`: an answer that says no (4xx, 5xx). `failed`: no answer came. */
export type CallEnd = 'answered' | 'refused' | 'failed';

/** Is told how each request to the source and to the target ended. */
export type CallObserver = (side: CallSide, end: CallEnd) => void;

export const unobserved: CallObserver = () => undefined;

/** The same fetch, with its ends told. A request that we ended ourselves is none. */
export function observedFetch(fetch: Fetch, side: CallSide, observe: CallObserver): Fetch {
  return async (url, init) => {
    try {
      const answer = await fetch(url, init);
      observe(side, answer.status >= 400 ? 'refused' : 'answered');
      return answer;
    } catch (error) {
      if (!isOurEnd(init.signal)) observe(side, 'failed');
      throw error;
    }
  };
}

/** A time-out is a failure of the other side; an interruption is not. */
function isOurEnd({ aborted, reason }: AbortSignal): boolean {
  return aborted && !(reason instanceof Error && reason.name === 'TimeoutError');
}
