/** Writes what docs/elect.md says of settings and rules from the code that has them. Usage: node scripts/elect-doc.ts */
import { readFileSync, writeFileSync } from 'node:fs';
import { withElectTables } from '../src/elector/testing/elect-doc.ts';

const file = new URL('../docs/elect.md', import.meta.url);
writeFileSync(file, withElectTables(readFileSync(file, 'utf8')));
