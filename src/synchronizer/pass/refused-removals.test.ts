import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ConjurClient } from '../../client/client.ts';
import type { ApiRequest } from '../../client/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { soleAuthority } from '../authority.ts';
import { heldAccount, startPassLab } from '../testing/pass-lab.ts';

const removal = { policy: 'delete', most: 500, mostPercent: 10 } as const;

describe('removals that are refused', { timeout: 120_000 }, () => {
  const listening = listeningServer();

  /** Two of fifty are gone, and five may go: what passes say while a load that removes gets the answer. */
  const startRemoving = async (t: TestContext) => {
    const web = Array.from({ length: 50 }, (_, at) => heldAccount(`1_${at}`, `n${at}`));
    const lab = await startPassLab(t, listening, { web });
    await lab.pass();
    lab.safe('web').splice(0, 2);
    return {
      lab,
      passWith: async (answer: (request: ApiRequest, at: number) => void) => {
        let patches = 0;
        const host: ConjurClient = {
          ...lab.host,
          send: async (request) => {
            if (request.method === 'PATCH') answer(request, (patches += 1));
            return lab.host.send(request);
          },
        };
        const settings = { client: host, authority: soleAuthority(host), removal };
        const { stopped, removed, failures } = await lab.pass({}, settings);
        return { allowed: stopped?.allowed ?? null, removed: removed.length, failures: failures.length };
      },
    };
  };
  const forbidden = () => new Problem('api_forbidden', 'not permitted (403).');

  it('are not counted, and stop nothing', async (t) => {
    const { lab, passWith } = await startRemoving(t);
    for (let at = 0; at < 4; at += 1) {
      const pass = await passWith(() => {
        throw forbidden();
      });
      assert.deepEqual(pass, { allowed: null, removed: 0, failures: 1 });
    }
    const allowed = await passWith(() => undefined);
    assert.deepEqual(allowed, { allowed: null, removed: 2, failures: 0 });
    assert.deepEqual(await lab.differences(), []);
    lab.safe('web').splice(0, 4);
    assert.deepEqual(await passWith(() => undefined), { allowed: 3, removed: 0, failures: 0 });
  });

  it('are counted when nobody knows whether they were done before', async (t) => {
    const { lab, passWith } = await startRemoving(t);
    const sent: (boolean | undefined)[] = [];
    const unanswered = await passWith(({ repeatable }, at) => {
      sent.push(repeatable);
      throw at === 1 ? new Problem('api_unanswered', 'no answer.') : forbidden();
    });
    assert.deepEqual([unanswered, sent], [{ allowed: null, removed: 0, failures: 1 }, [false, true]]);
    lab.safe('web').splice(0, 2); // four of five that may go, but for those two
    const again = await passWith(() => undefined);
    assert.deepEqual(again, { allowed: 3, removed: 0, failures: 0 });
  });
});
