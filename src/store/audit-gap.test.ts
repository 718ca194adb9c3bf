import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { testRecord } from '../core/testing/test-record.ts';
import { openAuditTrail } from './audit.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';

const record = (message: string): AuditRecord => testRecord(message);

describe('a trail without room', { timeout: 60_000 }, () => {
  let held: ProvisionedStore;
  before(async () => {
    held = await startProvisionedStore();
  });
  after(() => held.stop());

  const messages = (): Promise<readonly string[]> =>
    held.postgres.inDatabase(held.addresses.audit, async (sql) => {
      const rows = await sql<{ message: string }[]>`select message from messages order by messages.id`;
      return rows.map(({ message }) => message);
    });

  it('refuses records until there is room again', async () => {
    const trail = openAuditTrail(held.addresses.audit, 'refuse');
    trail.bound(true);
    await assert.rejects(trail.append([record('refused')], 'local'), /HOLDFAST_AUDIT_SPACE/);
    trail.bound(false);
    await trail.append([record('room')], 'local');
    await trail.end();
    assert.deepEqual(await messages(), ['room']);
  });

  it('or writes how many it has dropped', async () => {
    const trail = openAuditTrail(held.addresses.audit, 'drop');
    trail.bound(true);
    for (let count = 0; count < 5; count += 1) await trail.append([record('a'), record('b')], 'local');
    trail.bound(false);
    await trail.append([record('later')], 'local');
    trail.bound(true);
    await trail.append([record('c')], 'local');
    await trail.end();
    const [, first, second, last, ...more] = await messages();
    assert.match(first ?? '', /^10 audit records between \S+Z and \S+Z were dropped/);
    assert.equal(second, 'later');
    assert.match(last ?? '', /^1 audit records/);
    assert.deepEqual(more, []);
  });
});
