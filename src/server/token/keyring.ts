import { Problem } from '../../core/problem.ts';
import type { Store } from '../../store/open-store.ts';
import { type AccountKey, readKeyByFingerprint, readSigningKey } from '../../store/signing-key.ts';

const rememberedLimit = 1000;

/**
 * The key pairs of the accounts, read from the database once each. A key belongs to its fingerprint for ever, so nothing
 * remembered here goes stale; an account that is made anew has another key, and callers say which one they mean.
 */
export class Keyring {
  readonly #store: Store;
  readonly #keys = new Map<string, AccountKey>();
  readonly #reading = new Map<string, Promise<AccountKey | null>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The key with this fingerprint, null when no account has it. */
  async byFingerprint(fingerprint: string): Promise<AccountKey | null> {
    const known = this.#keys.get(fingerprint);
    return known ?? this.#once(fingerprint, () => readKeyByFingerprint(this.#store, fingerprint));
  }

  /** The key of an account, as the database has it now. @throws Problem `account_missing` */
  async ofAccount(account: string): Promise<AccountKey> {
    const key = await this.#once(`account ${account}`, () => readSigningKey(this.#store, account));
    if (key !== null) return key;
    throw new Problem('account_missing', `There is no account "${account}" in the database of this node.`);
  }

  /** One reading for all that ask at the same time. */
  async #once(name: string, read: () => Promise<AccountKey | null>): Promise<AccountKey | null> {
    let reading = this.#reading.get(name);
    if (reading === undefined) {
      reading = read().finally(() => this.#reading.delete(name));
      this.#reading.set(name, reading);
    }
    const key = await reading;
    if (key !== null) this.#remember(key);
    return key;
  }

  #remember(key: AccountKey): void {
    this.#keys.set(key.fingerprint, key);
    if (this.#keys.size <= rememberedLimit) return;
    for (const oldest of this.#keys.keys()) {
      this.#keys.delete(oldest);
      return;
    }
  }
}
