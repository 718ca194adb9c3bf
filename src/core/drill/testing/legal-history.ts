import { type Random, seededRandom } from '../../random.ts';
import type { History, Operation, Outcome, Redundancy, Sighting, Way } from '../history.ts';
import { ModelCluster } from './model-cluster.ts';

/** A request under way. */
interface Request {
  readonly client: number;
  readonly action: Operation['action'];
  readonly way: Way;
  readonly key: string;
  readonly version: number | null;
  readonly startedAt: number;
  /** Once a node has taken a write; a read has its value then. */
  taken: { readonly version: number | null } | null;
  readonly givesUpAt: number;
}

const lengthMs = 1500;
const settleMs = 200;
const balancer: Way = { kind: 'balancer' };

/** What a life left behind, and all versions in the order in which they were written, those too that are not kept. */
export interface LegalHistory extends History {
  readonly written: ReadonlyMap<string, readonly number[]>;
}

/** A random history that a cluster which keeps all promises may well leave behind: times in whole milliseconds from 0. */
export function legalHistory(seed: number): LegalHistory {
  const life = new LegalLife(seededRandom(seed));
  for (let now = 0; now < lengthMs + settleMs; now += 1) life.turn(now);
  return life.end();
}

class LegalLife {
  readonly #random: Random;
  readonly #cluster: ModelCluster;
  readonly #keys = ['k0', 'k1', 'k2', 'k3'];
  readonly #versions = new Map<string, number>();
  readonly #busy = new Map<number, Request>();
  /** Their client has gone; a node may still take them. */
  #orphans: Request[] = [];
  readonly #operations: Operation[] = [];
  readonly #sightings: Sighting[] = [];
  readonly #redundancy: Redundancy[] = [];
  readonly #faultAt: number;
  #now = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#cluster = new ModelCluster(random);
    this.#faultAt = 300 + random.below(300);
  }

  turn(now: number): void {
    this.#now = now;
    const random = this.#random;
    this.#cluster.turn(now);
    if (now === this.#faultAt) this.#cluster.failOver(false);
    else if (now < lengthMs && random.chance(120)) this.#cluster.failOver(random.chance(2));
    if (now < lengthMs && random.chance(200)) this.#cluster.restartFollower();
    if (now === lengthMs) this.#cluster.settle();
    for (let client = 0; client < 10; client += 1) {
      const request = this.#busy.get(client);
      if (request !== undefined) this.#goOn(request);
      else if (random.chance(4)) this.#busy.set(client, this.#begin(client));
    }
    this.#orphans = this.#orphans.filter(
      (request) => !(random.chance(8) && this.#take(request)) && !random.chance(60),
    );
    if (now % 8 === 0) this.#look();
  }

  /** The first four clients write, each its own key. */
  #begin(client: number): Request {
    const random = this.#random;
    const nodes = [...this.#cluster.candidates, ...(client < 4 ? [] : ['f', 'f', 'f'])];
    const ways: readonly Way[] = [balancer, balancer, { kind: 'node', node: random.pick(nodes) }];
    const way = random.pick(client === 9 ? [{ kind: 'followers' }] : ways);
    const key = this.#keys[client] ?? random.pick(this.#keys);
    const version = client < 4 ? (this.#versions.get(key) ?? 0) + 1 : null;
    if (version !== null) this.#versions.set(key, version);
    const givesUpAt = this.#now + 2 + random.below(25);
    const action = version === null ? 'read' : 'write';
    return { client, action, way, key, version, startedAt: this.#now, taken: null, givesUpAt };
  }

  /** A request moves on: it is taken, answered, refused, or its client gives up. */
  #goOn(request: Request): void {
    if (this.#now === request.startedAt) return;
    const known = request.taken !== null;
    if (!known) this.#take(request);
    const { taken, action, key, version } = request;
    const isDone =
      taken !== null && (action === 'read' || this.#cluster.isConfirmed({ key, version: version ?? 0 }));
    if (isDone && this.#random.chance(2)) return this.#finish(request, 'ok');
    if (taken === null && this.#random.chance(12)) return this.#finish(request, 'failed');
    if (this.#now < request.givesUpAt) return undefined;
    if (action === 'write') this.#orphans.push(request);
    return this.#finish(request, 'indeterminate');
  }

  #take(request: Request): boolean {
    if (request.taken !== null) return true;
    if (!this.#random.chance(3)) return false;
    const { way, key, version } = request;
    const follower = this.#cluster.follower;
    const toFollower = way.kind === 'followers' || (way.kind === 'node' && way.node === 'f');
    if (toFollower) {
      if (follower.isServing) request.taken = { version: follower.shows(key) };
    } else if (way.kind === 'balancer' ? this.#cluster.master !== null : this.#cluster.leadsOn(way.node)) {
      if (version === null) request.taken = { version: this.#cluster.confirmedOf(key).at(-1) ?? null };
      else if (this.#cluster.append({ key, version })) request.taken = { version };
    }
    return request.taken !== null;
  }

  #finish(request: Request, outcome: Outcome): void {
    const { client, action, way, key, startedAt, taken } = request;
    this.#busy.delete(client);
    const read = outcome === 'ok' ? (taken?.version ?? null) : null;
    this.#operations.push({
      client,
      action,
      way,
      key,
      version: action === 'write' ? request.version : read,
      startedAt,
      endedAt: this.#now,
      outcome,
      because: outcome === 'ok' ? null : '503 node_not_serving',
    });
  }

  #look(): void {
    const { master, term, follower, candidates } = this.#cluster;
    for (const node of [...candidates, 'f']) {
      const isAway = node === 'f' && !follower.isServing;
      const leads = node === master ? 'master' : 'standby';
      const role = isAway ? 'starting' : node === 'f' ? 'follower' : leads;
      const isHeard = isAway || node === 'f' || !this.#random.chance(20);
      this.#sightings.push({
        node,
        askedAt: this.#now - 0.5,
        answeredAt: this.#now + 0.5,
        says: isHeard ? { role, ok: role === 'master' || role === 'follower', term } : null,
      });
    }
    this.#redundancy.push({ at: this.#now, whole: master !== null && this.#now >= lengthMs });
  }

  end(): LegalHistory {
    const written = new Map(this.#keys.map((key) => [key, this.#cluster.confirmedOf(key)]));
    const span = { fault: 'model', targets: ['a'], master: 'a', keepsMaster: false, beganAt: this.#faultAt };
    // Whoever has no answer yet may have written all the same.
    for (const request of this.#busy.values()) this.#finish(request, 'indeterminate');
    return {
      acceptedLoss: null,
      span: { ...span, inEffectAt: this.#faultAt, endedAt: lengthMs },
      operations: this.#operations,
      sightings: this.#sightings,
      redundancy: this.#redundancy,
      final: new Map(Array.from(written, ([key, versions]) => [key, versions.at(-1) ?? null])),
      kept: new Map(Array.from(written, ([key, versions]) => [key, versions.slice(-20)])),
      written,
    };
  }
}
