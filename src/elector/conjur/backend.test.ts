import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { backendContract } from '../testing/backend-contract.ts';
import { prepareElection } from '../testing/conjur-scene.ts';
import { createConjurBackend } from './backend.ts';

const contenders = ['one', 'other'];
const leaseMs = 6000;

describe('an election over a real server of the Conjur API keeps the contract', { timeout: 180_000 }, () => {
  const listening = listeningServer();

  for (const { name, run } of backendContract) {
    it(name, async () => {
      const scene = await prepareElection(listening.server, 'fenced', contenders);
      await run(async () => {
        const names = [...contenders];
        return {
          ttlMs: leaseMs,
          connect: async () => {
            const host = names.shift();
            assert.ok(host !== undefined, 'the contract has no more contenders than this');
            const fetch = openWebFetch({ ca: null });
            return createConjurBackend({
              ...scene.member(host),
              fetch,
              url: listening.url,
              name: host,
              leaseMs,
            });
          },
          deleteLock: () => scene.loadLeader('PUT', '- !delete {record: !host current-leader}'),
          overwriteLock: () => scene.setExpiration('a stranger'),
        };
      });
    });
  }
});
