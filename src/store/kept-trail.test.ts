import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { canonicalText } from '../core/audit/canonical.ts';
import { testRecord } from '../core/testing/test-record.ts';
import { beforeUnsent, lacking } from '../core/audit/carry-step.ts';
import { type KeptTrail, openKeptTrail } from './kept-trail.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';
import { signOfTests } from './testing/signatures.ts';

describe('a trail as its keeper reads it', { timeout: 60_000 }, () => {
  let held: ProvisionedStore;
  let trail: KeptTrail;
  before(async () => {
    held = await startProvisionedStore();
    trail = openKeptTrail(held.addresses.audit, signOfTests);
  });
  after(async () => {
    await trail.end();
    await held.stop();
  });

  const record = (message: string): AuditRecord =>
    testRecord(message, {
      timestamp: '2026-01-01T00:00:00.007Z',
      procid: 'p "1"',
      sdata: { 'subject@43868': { resource: message, b: '2', a: '1' }, 'auth@43868': { user: 'u' } },
      also: { resources: [message, 'ü'], before: 'also ', after: '' },
    });

  it('has every record from the very first on, as the canonical texts of what was recorded', async () => {
    const { also: _, ...plain } = record('quote " and \\u0000');
    const records = [record('first'), record('ünï\n'), plain];
    await held.store.audit.append(records, 'local');
    const chains = await trail.chains();
    const sent = new Map(chains.map(({ id }) => [id, 0]));
    const from = beforeUnsent(lacking(chains, new Map(), 0), new Map());
    const rows = await trail.rows(sent, { after: from, limit: 10 });
    assert.deepEqual(
      rows.map(({ seq }) => seq),
      [1, 2, 3],
    );
    assert.deepEqual(
      rows.map(({ text }) => text),
      records.map(canonicalText),
    );
  });
});
