import { EventQueue } from '../../../failover/testing/event-queue.ts';
import { type Random, seededRandom } from '../../../random.ts';
import { candidate, type ModelOffice, type Steps } from './model-candidate.ts';
import { type ModelAnswer, type ModelRequest, ModelServer, type ServerTraits } from './model-server.ts';

export interface LifeOptions extends Partial<ServerTraits> {
  readonly seed: number;
  readonly protocol: 'fenced' | 'published';
  /** No request is held back, no answer lost, no process stopped. */
  readonly isPrompt?: boolean;
}

/** What was seen in one life. */
export interface LifeResult {
  /** Terms in which something was written. */
  readonly terms: number;
  readonly writes: number;
  /** Accepted writes of a term after the first of a younger one. */
  readonly staleWrites: number;
  /** The most of them behind one younger term. */
  readonly mostStale: number;
  /** A contender came to lead while another had authority. */
  readonly overlaps: number;
  /** The same, and the other had led for a while: it was no race of contenders. */
  readonly takenFromSettled: number;
}

const lifeMs = 150_000;
const contenders = 4;
const settledAfterMs = 1000;
/** Writes of one leader that are under way at a time. */
export const writesAtATime = 2;

/** One life of an election between four contenders: requests that are held back, answers that are lost, processes that are stopped. */
export function simulateLife(options: LifeOptions): LifeResult {
  const { seed, protocol } = options;
  const random = seededRandom(seed);
  const queue = new EventQueue();
  const judge = createJudge();
  const traits: ServerTraits = {
    landsLate: options.landsLate ?? false,
    keepsWriters: options.keepsWriters ?? false,
    clockStepMs: options.clockStepMs ?? random.pick([0, 0, 400]),
  };
  const server = new ModelServer(queue, random, traits, judge.written);
  const world: World = {
    queue,
    random,
    server,
    heldOneIn: options.isPrompt === true ? null : random.pick([10, 25, 80]),
    leaseMs: random.pick([10_000, 15_000]),
  };
  const others: { readonly isLeading: () => boolean; sinceMs: number }[] = [];
  let overlaps = 0;
  let takenFromSettled = 0;
  let writers = 0;
  for (let each = 0; each < contenders; each += 1) {
    const process = new ModelProcess(world);
    let current: ModelOffice | null = null;
    const isLeading = (): boolean => current !== null && process.clock() < current.untilMs;
    const self = { isLeading, sinceMs: 0 };
    others.push(self);
    const steps = candidate({
      protocol,
      leaseMs: world.leaseMs,
      random,
      clock: () => process.clock(),
      newWriter: () => `writer-${(writers += 1)}`,
      onLead: (office) => {
        const other = others.find((one) => one !== self && one.isLeading());
        if (other !== undefined) overlaps += 1;
        if (other !== undefined && queue.now - other.sinceMs > settledAfterMs) takenFromSettled += 1;
        current = office;
        self.sinceMs = queue.now;
        for (let one = 0; one < writesAtATime; one += 1) process.run(work(world, process, office));
      },
    });
    queue.after(random.below(1000), () => process.run(steps));
    for (let stops = options.isPrompt === true ? 0 : random.below(4); stops > 0; stops -= 1)
      queue.after(random.below(lifeMs), () => process.stopFor(random.below(3 * world.leaseMs)));
  }
  for (let each = random.below(4); each > 0; each -= 1)
    queue.after(random.below(lifeMs), () => server.stepClock());
  while (queue.nextAt <= lifeMs) queue.step();
  return { ...judge.result(), overlaps, takenFromSettled };
}

interface World {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly server: ModelServer;
  /** One in so many requests is held back on the way; null: none. */
  readonly heldOneIn: number | null;
  readonly leaseMs: number;
}

/** A leader's work: looks at its clock before each write. */
function* work({ random }: World, process: ModelProcess, office: ModelOffice): Steps<void> {
  const { term, writer } = office;
  while (process.clock() < office.untilMs) {
    const answer = yield { kind: 'ask', request: () => ({ kind: 'write', writer, term }) };
    if (answer?.status === 401) return;
    yield { kind: 'wait', ms: 50 + random.below(900) };
  }
}

/** A process with a clock of its own, that may stand still. */
class ModelProcess {
  readonly #world: World;
  readonly #rate: number;
  readonly #offsetMs: number;
  #stoppedUntilMs = 0;

  constructor(world: World) {
    this.#world = world;
    this.#rate = 1 + (world.random.below(801) - 400) / 1_000_000; // 400 ppm
    this.#offsetMs = world.random.below(1_000_000);
  }

  clock(): number {
    return this.#world.queue.now * this.#rate + this.#offsetMs;
  }

  stopFor(ms: number): void {
    this.#stoppedUntilMs = this.#world.queue.now + ms;
  }

  /** Lets something run in this process, step by step. */
  run(steps: Steps<void>, answer: ModelAnswer | null = null): void {
    const { queue } = this.#world;
    const stillMs = this.#stoppedUntilMs - queue.now;
    if (stillMs > 0) {
      queue.after(stillMs, () => this.run(steps, answer));
      return;
    }
    const next = steps.next(answer);
    if (next.done === true) return;
    const effect = next.value;
    if (effect.kind === 'wait') queue.after(effect.ms / this.#rate, () => this.run(steps));
    else this.#ask(effect.request(), (reply) => this.run(steps, reply));
  }

  /** Once, and answered once: late, or not at all when it took longer than a lease. It is done all the same. */
  #ask(request: ModelRequest, reply: (answer: ModelAnswer | null) => void): void {
    const { queue, random, server, leaseMs, heldOneIn } = this.#world;
    let isOpen = true;
    const close = (answer: ModelAnswer | null): void => {
      if (!isOpen) return;
      isOpen = false;
      reply(answer);
    };
    queue.after(leaseMs, () => close(null));
    queue.after(this.#delayMs(), () => {
      server.serve(request, (answer) => {
        if (heldOneIn === null || !random.chance(100)) queue.after(this.#delayMs(), () => close(answer));
      });
    });
  }

  #delayMs(): number {
    const { random, heldOneIn, leaseMs } = this.#world;
    return heldOneIn !== null && random.chance(heldOneIn) ? random.below(2 * leaseMs) : 1 + random.below(40);
  }
}

function createJudge() {
  const terms = new Set<number>();
  let newest = 0;
  let writes = 0;
  let staleWrites = 0;
  let staleNow = 0;
  let mostStale = 0;
  return {
    written: (term: number): void => {
      writes += 1;
      terms.add(term);
      if (term > newest) {
        newest = term;
        staleNow = 0;
      } else if (term < newest) {
        staleWrites += 1;
        staleNow += 1;
        mostStale = Math.max(mostStale, staleNow);
      }
    },
    result: () => ({ terms: terms.size, writes, staleWrites, mostStale }),
  };
}
