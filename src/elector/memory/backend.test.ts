import { describe, it } from 'node:test';
import { backendContract, contractTtlMs } from '../testing/backend-contract.ts';
import { createMemoryElection } from './backend.ts';

describe('an election in memory keeps the contract', { concurrency: true }, () => {
  for (const { name, run } of backendContract) {
    it(name, () =>
      run(async () => {
        const election = createMemoryElection(contractTtlMs);
        return {
          connect: async () => election.connect(),
          deleteLock: async () => election.deleteLock(),
          overwriteLock: async () => election.overwriteLock(),
        };
      }),
    );
  }
});
