/** What happens next in a simulation: a binary heap of events by time, first come first served at equal times. */
export class EventQueue {
  /** Milliseconds of true time. */
  now = 0;
  /** How many events have happened. */
  count = 0;
  #order = 0;
  readonly #heap: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];

  /** Lets `run` happen in `ms` milliseconds. */
  after(ms: number, run: () => void): void {
    const heap = this.#heap;
    const event = { at: this.now + ms, order: this.#order++, run };
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (
        parent === undefined ||
        parent.at < event.at ||
        (parent.at === event.at && parent.order < event.order)
      )
        break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = event;
  }

  /** The time of the next event; infinity when there is none. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Lets the next event happen; false when there is none. */
  step(): boolean {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return false;
    if (heap.length > 0) this.#sink(last);
    this.now = first.at;
    this.count += 1;
    first.run();
    return true;
  }

  #sink(event: { readonly at: number; readonly order: number; readonly run: () => void }): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (
        right !== undefined &&
        (right.at < child.at || (right.at === child.at && right.order < child.order))
      ) {
        below += 1;
        child = right;
      }
      if (child.at > event.at || (child.at === event.at && child.order > event.order)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = event;
  }
}
