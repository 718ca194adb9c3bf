import { after, before, describe } from 'node:test';
import { startInProcess } from './compat/in-process.ts';
import { startOverTheWire, type WireTarget } from './compat/over-the-wire.ts';
import { readCaseFiles } from './compat/read-cases.ts';
import { type Gathered, testFile } from './compat/run-file.ts';
import type { Target } from './compat/target.ts';

const files = readCaseFiles();

describe('the API in process', { timeout: 300_000 }, () => {
  const gathered: Gathered = { hits: [], secrets: new Set() };
  let target: Target;
  before(async () => {
    target = await startInProcess();
  });
  after(() => target.stop());
  for (const file of files) testFile(file, () => target, gathered);
});

describe('the API over the wire', { timeout: 300_000 }, () => {
  const gathered: Gathered = { hits: [], secrets: new Set() };
  let target: WireTarget;
  before(async () => {
    target = await startOverTheWire();
  });
  after(() => target.stop());
  for (const file of files) testFile(file, () => target, gathered);
});
