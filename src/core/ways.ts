import type { PeerAddress } from './serving.ts';

/** Which of several ways to a node is taken: the best, until it is seen to lead nowhere; the best again once that is another. */
export class Ways {
  #best = '';
  #at = 0;

  /** The way to take now; null: there is none. */
  choose(ways: readonly PeerAddress[]): PeerAddress | null {
    const [first] = ways;
    if (first === undefined) return null;
    const best = `${first.host} ${first.port}`;
    if (best !== this.#best) {
      this.#best = best;
      this.#at = 0;
    }
    return ways[this.#at % ways.length] ?? null;
  }

  /** Nobody was reached by the way that was chosen: another one the next time. */
  leadsNowhere(): void {
    this.#at += 1;
  }
}
