import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { failoverDoc, failoverDocPath } from '../../../scripts/failover-doc.ts';

test('docs/failover.md shows the rules as they are (node scripts/failover-doc.ts writes it)', () => {
  assert.equal(readFileSync(failoverDocPath, 'utf8'), failoverDoc());
});
