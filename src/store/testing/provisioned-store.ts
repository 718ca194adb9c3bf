import { randomBytes } from 'node:crypto';
import type { Secret } from '../../core/secret.ts';
import type { TrailAddress } from '../audit-chain.ts';
import { type DataKey, dataKeyOf } from '../cipher.ts';
import { closeStore, openStore, type Store } from '../open-store.ts';
import { provision } from '../provision.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './temporary-postgres.ts';

/** A store with an account, on a throwaway PostgreSQL. */
export interface ProvisionedStore {
  readonly postgres: TemporaryPostgres;
  readonly addresses: {
    readonly data: TemporaryPostgres['address'];
    readonly audit: TrailAddress;
  };
  readonly account: string;
  readonly dataKey: DataKey;
  readonly adminApiKey: Secret<string>;
  readonly store: Store;
  readonly stop: () => Promise<void>;
}

/** Starts PostgreSQL, makes both databases and the account `demo`. */
export async function startProvisionedStore(): Promise<ProvisionedStore> {
  const postgres = await startTemporaryPostgres();
  const account = 'demo';
  const dataKey = dataKeyOf(randomBytes(32));
  const addresses = {
    data: postgres.address,
    audit: { ...(await postgres.createDatabase('audit')), node: 'node-1' },
  };
  const { adminApiKey } = await provision({ ...addresses, account, dataKey });
  const store = openStore({ ...addresses, dataKey });
  return {
    postgres,
    addresses,
    account,
    dataKey,
    adminApiKey,
    store,
    stop: async () => {
      await closeStore(store);
      await postgres.stop();
    },
  };
}
