import { Problem } from '../../core/problem.ts';
import type { Store } from '../../store/open-store.ts';
import { readSigningKey, type SigningKey } from '../../store/signing-key.ts';

/** The key pair of the account, read from the database once. */
export class Keyring {
  readonly #store: Store;
  readonly #account: string;
  #key: SigningKey | null = null;
  #reading: Promise<SigningKey | null> | null = null;

  constructor(store: Store, account: string) {
    this.#store = store;
    this.#account = account;
  }

  /** @throws Problem `account_missing`, `store_unavailable`, `data_key_mismatch` */
  async key(): Promise<SigningKey> {
    if (this.#key !== null) return this.#key;
    this.#reading ??= readSigningKey(this.#store, this.#account).finally(() => {
      this.#reading = null;
    });
    this.#key = await this.#reading;
    if (this.#key === null) {
      throw new Problem(
        'account_missing',
        `There is no account "${this.#account}" in the database of this node.`,
      );
    }
    return this.#key;
  }
}
