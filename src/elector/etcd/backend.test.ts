import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { EtcdTlsFiles } from '../../coordination/etcd-endpoints.ts';
import { createEtcdStore } from '../../coordination/etcd-store.ts';
import { createMemoryStore } from '../../coordination/memory-store.ts';
import { gatewayTo, type TestMember } from '../../coordination/testing/etcd-members.ts';
import { type LoneEtcd, startLoneEtcd } from '../../coordination/testing/lone-etcd.ts';
import { isProblem } from '../../core/problem.ts';
import { realClock } from '../../runtime/real-clock.ts';
import { backendContract, contractTtlMs } from '../testing/backend-contract.ts';
import { createEtcdBackend } from './backend.ts';

describe('an election over a real etcd keeps the contract', { concurrency: true, timeout: 120_000 }, () => {
  let tls: EtcdTlsFiles;
  let members: readonly TestMember[];
  let etcd: LoneEtcd;

  before(async () => {
    etcd = await startLoneEtcd();
    ({ tls, members } = etcd);
  });

  after(async () => {
    await etcd.stop();
  });

  for (const { name, run } of backendContract) {
    it(name, async () => {
      const stranger = createEtcdStore(await gatewayTo(members, tls));
      const prefix = `/elections/${randomUUID()}/`;
      const bounds = { timeoutMs: 5000 };
      try {
        await run(async () => ({
          connect: async () => {
            const store = createEtcdStore(await gatewayTo(members, tls));
            return createEtcdBackend({ store, prefix, ttlSeconds: contractTtlMs / 1000 });
          },
          deleteLock: async () =>
            void (await stranger.txn([], [{ kind: 'delete', key: `${prefix}lock` }], bounds)),
          overwriteLock: async () =>
            void (await stranger.txn(
              [],
              [{ kind: 'put', key: `${prefix}lock`, value: 'a stranger' }],
              bounds,
            )),
        }));
      } finally {
        stranger.close();
      }
    });
  }
});

it('a prefix without a slash at its end is refused', () => {
  const store = createMemoryStore({ clock: realClock }).connect();
  assert.throws(
    () => createEtcdBackend({ store, prefix: '/elections/web', ttlSeconds: 2 }),
    (error) => isProblem(error, 'config_invalid'),
  );
});
