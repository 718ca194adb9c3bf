import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ConjurClient } from '../../client/client.ts';
import { roleIdOfLogin } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { examineLeader } from './examine-leader.ts';

it('what a server without dry runs cannot try is told, and is not taken for well', async () => {
  const client: ConjurClient = {
    account: 'a',
    roleId: roleIdOfLogin('a', 'host/sync-1'),
    send: async ({ path }) => {
      if (path.startsWith('/policies/')) throw new Problem('api_not_allowed', 'no such thing here (405).');
      const bytes = new TextEncoder().encode(path.includes('search=') ? '[]' : '');
      return { status: 200, header: () => null, bytes };
    },
    sendAsSelf: async () => {
      throw new Error('not needed');
    },
  };
  const settings = { protocol: 'published', leaseMs: 10_000, name: 'sync-1' } as const;
  const findings = await examineLeader(client, 'host/sync-1', settings);
  const warnings = findings.filter(({ level }) => level === 'warning');
  assert.equal(warnings.length, 1, JSON.stringify(findings));
  assert.match(warnings[0]?.sentence ?? '', /could not be tried/u);
});
