/**
 * Writes `docs/compatibility.md` from a run of the compatibility suite in process.
 *
 * Usage: node scripts/compatibility-doc.ts
 */
import { writeFileSync } from 'node:fs';
import { routes } from '../src/server/app.ts';
import { compatibilityDoc, compatibilityDocPath } from '../test/compat/compatibility-doc.ts';
import { startInProcess } from '../test/compat/in-process.ts';
import { readCaseFiles } from '../test/compat/read-cases.ts';
import { type Gathered, openSession, runCase } from '../test/compat/run-file.ts';

const files = readCaseFiles('');
const gathered: Gathered = { hits: [], secrets: new Set() };
const target = await startInProcess();
try {
  for (const file of files) {
    const session = await openSession(file, target);
    for (const one of file.cases) {
      const faults = await runCase(session, file, one, gathered);
      if ((one.pending === null) === faults.length > 0) {
        throw new Error(`${file.file}: "${one.name}" ${faults.join('\n') || 'passes now'}`);
      }
    }
  }
} finally {
  await target.stop();
}
writeFileSync(compatibilityDocPath, compatibilityDoc(routes, files, gathered.hits));
