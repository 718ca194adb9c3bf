import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { unsupportedNode } from './node-version.ts';

test('refuses a Node older than the package asks for, by its number', () => {
  const { engines }: { engines: { node: string } } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const oldest = engines.node.replace('>=', '');
  assert.equal(unsupportedNode(`${oldest}.0`), null);
  assert.equal(unsupportedNode('24.21.0'), null);
  assert.match(unsupportedNode('22.9.0') ?? '', /22\.18 or newer.*22\.9\.0/);
  assert.match(unsupportedNode('20.19.5') ?? '', /20\.19\.5/);
});
