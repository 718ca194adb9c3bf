import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { testRecord } from '../core/testing/test-record.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';

describe('the audit trail', { timeout: 60_000 }, () => {
  let held: ProvisionedStore;
  before(async () => {
    held = await startProvisionedStore();
  });
  after(() => held.stop());

  const record = (message: string): AuditRecord =>
    testRecord(message, {
      sdata: { 'subject@43868': { resource: message } },
      also: { resources: [message], before: 'also ', after: '' },
    });

  it('keeps all records of a batch, when one holds what PostgreSQL cannot store', async () => {
    const messages = ['before', 'a\0b', '\ud800', 'after'];
    await Promise.all(messages.map((message) => held.store.audit.append([record(message)], 'local')));
    const rows = await held.postgres.inDatabase(
      held.addresses.audit,
      (sql) => sql<{ message: string }[]>`
        select message from all_messages where msgid = 'test' order by id, part`,
    );
    assert.deepEqual(
      rows.map(({ message }) => message),
      ['before', 'a\ufffdb', '\ufffd', 'after'].flatMap((message) => [message, `also ${message}`]),
    );
  });
});
