import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withElectTables } from './testing/elect-doc.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test('docs/elect.md has the settings and rules of the code: node scripts/elect-doc.ts writes them', () => {
  const page = read('docs/elect.md');
  assert.equal(page, withElectTables(page));
});
