import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { routes } from '../src/server/app.ts';
import { secretsIn } from './compat/canary.ts';
import { compatibilityDoc, compatibilityDocPath } from './compat/compatibility-doc.ts';
import { startInProcess } from './compat/in-process.ts';
import { leftBehind } from './compat/left-behind.ts';
import { startOverTheWire, type WireTarget } from './compat/over-the-wire.ts';
import { readCaseFiles } from './compat/read-cases.ts';
import { type Gathered, testFile } from './compat/run-file.ts';
import type { Target } from './compat/target.ts';

const files = readCaseFiles();
const filtered = process.env['COMPAT'] !== undefined;

describe('the API in process', { timeout: 300_000 }, () => {
  const gathered: Gathered = { hits: [], secrets: new Set() };
  let target: Target;
  before(async () => {
    target = await startInProcess();
  });
  after(() => target.stop());
  for (const file of files) testFile(file, () => target, gathered);

  it('is what docs/compatibility.md says, route by route', { skip: filtered }, () => {
    const advice = 'run node scripts/compatibility-doc.ts';
    assert.equal(
      readFileSync(compatibilityDocPath, 'utf8'),
      compatibilityDoc(routes, files, gathered.hits),
      advice,
    );
  });
});

describe('the API over the wire', { timeout: 300_000 }, () => {
  const gathered: Gathered = { hits: [], secrets: new Set() };
  let target: WireTarget;
  before(async () => {
    target = await startOverTheWire();
  });
  after(() => target.stop());
  for (const file of files) testFile(file, () => target, gathered);

  it('leaves no key, token, password, value or data key in clear behind', async () => {
    const dataKey = readFileSync((await target.node.settings()).dataKeyFile, 'utf8');
    const secrets = [...gathered.secrets, dataKey, Buffer.from(dataKey, 'base64')];
    assert.ok(gathered.secrets.size > files.length, 'the run had secrets');
    assert.deepEqual(secretsIn(await leftBehind(target), secrets), []);

    const [planted = ''] = gathered.secrets;
    const { audit } = target.node;
    const bytes = Buffer.from(planted);
    await audit.inDatabase(audit.address, (sql) => sql`create table planted as select ${bytes}::bytea as it`);
    const found = secretsIn(await leftBehind(target), secrets);
    assert.match(
      found.join(),
      /^the audit database holds a secret in clear \(hex/,
      'one that is there is found',
    );
  });
});
