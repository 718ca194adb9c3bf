import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { backendContract, contractTtlMs } from '../testing/backend-contract.ts';
import { startConsul, type TestConsulCluster } from '../testing/consul.ts';
import { createConsulBackend } from './backend.ts';
import { plainConnection } from './connection-settings.ts';
import { openConsulHttp } from './http.ts';

describe('an election over a real Consul keeps the contract', { concurrency: true, timeout: 120_000 }, () => {
  let consul: TestConsulCluster;
  before(async () => {
    consul = await startConsul();
  });
  after(() => consul.stop());

  for (const { name, run } of backendContract) {
    it(name, () =>
      run(async () => {
        const { address, api } = consul.first;
        const key = `/contract/${randomUUID()}/lock with #?`;
        const path = `kv${key.split('/').map(encodeURIComponent).join('/')}`;
        return {
          connect: async () =>
            createConsulBackend({
              http: await openConsulHttp({ ...plainConnection, address }),
              key,
              session: { name: key, ttlMs: contractTtlMs, lockDelayMs: 0, nodeChecks: [], serviceChecks: [] },
            }),
          deleteLock: async () => void (await api.ask('DELETE', path)),
          overwriteLock: async () => void (await api.ask('PUT', path, 'a stranger was here')),
        };
      }),
    );
  }
});
