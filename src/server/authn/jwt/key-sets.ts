import { createHash } from 'node:crypto';
import type { KeySource } from '../../../core/authn/jwt-settings.ts';
import type { AuthnRefusal } from '../../../core/authn/refusals.ts';
import { nameOfService, type Service } from '../../../core/authn/service.ts';
import { fetchKeys, type KeySet } from './fetch-keys.ts';

/** So long a set is taken as it is. After that it is fetched anew before it is used. */
const freshMs = 5 * 60_000;
/** So long a set is used though its provider does not answer. After that nobody can authenticate until it does. */
const usableMs = 60 * 60_000;
/**
 * At least so long after a fetch ended before the next one of the same set begins, whatever asks for it: tokens with
 * invented key ids cannot make us hammer a provider.
 */
const pauseMs = 5000;
/** Sets that are remembered, the least recently used forgotten first: some 10 MB at most with usual sets. */
const setsLimit = 200;

interface Entry {
  set: KeySet | null;
  fetchedAt: number;
  /** Why the last fetch failed; null: it did not. */
  failure: AuthnRefusal | null;
  endedAt: number;
  fetching: Promise<void> | null;
}

/**
 * The keys of all services. A set belongs to a service and to where it came from: another service's provider, or the one
 * that was configured before, never lends its keys.
 */
export class KeySets {
  /** A steady clock, milliseconds. */
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * The set that has the key `kid`, refreshed once where the one at hand has not; or else the set without it. A refusal
   * when there is no usable set.
   */
  async setFor(service: Service, source: KeySource, kid: string): Promise<KeySet | AuthnRefusal> {
    const entry = this.#entryOf(service, source);
    if (source.kind === 'public-keys') return this.#given(entry, source);
    if (this.#ageOf(entry) > freshMs) await this.#refresh(entry, source);
    const known = this.#usable(entry);
    if (!known.ok || known.keys.has(kid)) return known;
    await this.#refresh(entry, source);
    return this.#usable(entry);
  }

  /** What became of the last fetch, which is made now unless one has just been made; null: it went well. */
  async faultOf(service: Service, source: KeySource): Promise<AuthnRefusal | null> {
    const entry = this.#entryOf(service, source);
    await this.#refresh(entry, source);
    return entry.failure;
  }

  /** Keys that stand in the configuration are read once; they change by another text, which is another entry. */
  async #given(entry: Entry, source: KeySource): Promise<KeySet | AuthnRefusal> {
    if (entry.set !== null) return entry.set;
    const outcome = await fetchKeys(source);
    if (outcome.ok) entry.set = outcome;
    return outcome;
  }

  #usable(entry: Entry): KeySet | AuthnRefusal {
    const { set, failure } = entry;
    if (set !== null && (failure === null || this.#ageOf(entry) <= usableMs)) return set;
    return failure ?? never();
  }

  /** One fetch at a time; none within the pause. */
  async #refresh(entry: Entry, source: KeySource): Promise<void> {
    if (entry.fetching === null && this.#now() - entry.endedAt < pauseMs) return;
    entry.fetching ??= this.#fetch(entry, source);
    await entry.fetching;
  }

  async #fetch(entry: Entry, source: KeySource): Promise<void> {
    try {
      const startedAt = this.#now();
      const outcome = await fetchKeys(source);
      entry.failure = outcome.ok ? null : outcome;
      if (!outcome.ok) return;
      entry.set = outcome;
      entry.fetchedAt = startedAt;
    } finally {
      entry.endedAt = this.#now();
      entry.fetching = null;
    }
  }

  #ageOf(entry: Entry): number {
    return entry.set === null ? Number.POSITIVE_INFINITY : this.#now() - entry.fetchedAt;
  }

  #entryOf(service: Service, source: KeySource): Entry {
    const hash = createHash('sha256').update(JSON.stringify(source)).digest('base64');
    const key = `${service.account}:${nameOfService(service)} ${hash}`;
    const entry = this.#entries.get(key) ?? {
      set: null,
      fetchedAt: 0,
      failure: null,
      endedAt: Number.NEGATIVE_INFINITY,
      fetching: null,
    };
    this.#entries.delete(key);
    this.#entries.set(key, entry); // now the most recently used
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= setsLimit) break;
      this.#entries.delete(oldest);
    }
    return entry;
  }
}

function never(): never {
  throw new Error('a set of keys was asked for before its first fetch ended');
}
