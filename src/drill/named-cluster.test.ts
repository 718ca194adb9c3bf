import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { namedTarget } from './named-cluster.ts';

const facts = {
  account: 'shop',
  api: { url: 'https://vault.test', caFile: 'ca.crt' },
  admin: { login: 'admin', apiKey: 'the-key' },
  nodes: [{ name: 'db1', api: 'https://db1.test:8400' }],
};

async function described(t: TestContext, content: unknown): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hf-named-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'ca.crt'), 'PEM');
  const file = join(dir, 'staging.json');
  await writeFile(file, JSON.stringify(content));
  return file;
}

test('a cluster is not hurt unless its owner says so; the refusal tells what could be made there', async (t) => {
  const file = await described(t, facts);
  await assert.rejects(namedTarget(file, false), (error) => {
    assert.ok(isProblem(error, 'usage'));
    assert.match(error.detail, /--yes-this-is-not-production/u);
    assert.match(error.detail, /https:\/\/vault\.test .* switchover, cancel-storm\./u);
    assert.doesNotMatch(error.detail, /the-key/u);
    return true;
  });
});

test('a described cluster is no demo: it has no network and no processes to hurt', async (t) => {
  const target = await namedTarget(await described(t, facts), true);
  assert.deepEqual([target.isDemo, target.network, target.followers], [false, null, null]);
  assert.deepEqual(target.balancer, { url: 'https://vault.test', ca: 'PEM' });
  const [node] = await target.nodes();
  assert.deepEqual([node?.name, node?.processGroup], ['db1', 0]);
  assert.doesNotMatch(JSON.stringify(target), /the-key/u);
});

test('a description that lacks something is refused by the field', async (t) => {
  const lacking: readonly (readonly [string, unknown])[] = [
    ['api.url', { ...facts, api: { url: 'http://vault.test', caFile: 'ca.crt' } }],
    ['api.caFile', { ...facts, api: { url: 'https://vault.test', caFile: 'none.crt' } }],
    ['admin.apiKey', { ...facts, admin: { login: 'admin' } }],
    ['nodes', { ...facts, nodes: [] }],
    ['nodes.0.api', { ...facts, nodes: [{ name: 'db1' }] }],
    ['account', { ...facts, account: 7 }],
  ];
  for (const [field, content] of lacking) {
    const file = await described(t, content);
    await assert.rejects(namedTarget(file, true), (error) => {
      assert.ok(isProblem(error, 'config_invalid'), String(error));
      assert.ok(error.detail.includes(`"${field}"`), error.detail);
      return true;
    });
  }
});
