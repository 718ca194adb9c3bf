import { randomUUID } from 'node:crypto';
import type { StoreHarness } from './contract-case.ts';
import { leaseCases } from './contract-leases.ts';
import { transactionCases } from './contract-transactions.ts';
import { watchCases } from './contract-watches.ts';

/** The contract of the cluster store, case by case: every adapter and double runs it. */
export const storeContract: readonly {
  readonly name: string;
  readonly run: (harness: StoreHarness) => Promise<void>;
}[] = [...transactionCases, ...leaseCases, ...watchCases].map(({ name, run }) => ({
  name,
  run: async (harness) => {
    const store = await harness.connect();
    try {
      await run(store, `/contract/${randomUUID()}/`, harness);
    } finally {
      store.close();
    }
  },
}));
