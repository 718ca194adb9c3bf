import type { VaultAuth } from '../vault/vault-session.ts';

/** A Vault or OpenBao, or what stands in for one: with a KV engine of version 2 at `kv`, and AppRole. */
export interface VaultUnderTest {
  readonly url: string;
  /** A token that may do everything. */
  readonly root: Extract<VaultAuth, { readonly kind: 'token' }>;
  /** A role with the policy that the documents give. */
  readonly appRole: Extract<VaultAuth, { readonly kind: 'approle' }>;
  /** Writes the next version of a secret of `kv`. */
  readonly put: (path: string, values: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Deletes the newest version of a secret, which can be brought back. */
  readonly remove: (path: string) => Promise<void>;
  /** Deletes a secret with all its versions. */
  readonly forget: (path: string) => Promise<void>;
  /** From now on the role may not look at these secrets, and folders with a slash at the end; it may at all others. */
  readonly forbid: (paths: readonly string[]) => Promise<void>;
  /** A renewable token with that policy, less than half of whose life is left; `leftSeconds` says how much. */
  readonly agedToken: () => Promise<{
    readonly auth: Extract<VaultAuth, { readonly kind: 'token' }>;
    readonly leftSeconds: () => Promise<number>;
  }>;
  readonly stop: () => Promise<void>;
}
