import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Report } from '../../core/sync/plan.ts';
import { statusOfError } from '../state/status.ts';
import { tellWhatIsAmiss } from './tell-amiss.ts';

test('what is amiss is told once, in lines in which no key comes twice', () => {
  const lines: string[] = [];
  const sink = new Writable({
    write: (line: Buffer, _encoding, done) => {
      lines.push(line.toString().trim());
      done();
    },
  });
  const log = pino({ base: { name: 'synchronizer' }, timestamp: false }, sink);
  const shared: Report = { code: 'name_shared', branch: 'v/l/s', name: 'db', accounts: ['1', '2'] };
  const reports: readonly Report[] = [shared, { code: 'retained', identifier: 'v/l/s/a/password' }];
  const status = { ...statusOfError('no', null, null, '2026-01-01T00:00:00.000Z'), reports };
  const told = tellWhatIsAmiss(log, status, new Set());
  tellWhatIsAmiss(log, status, told);
  assert.deepEqual(lines, [
    `{"level":40,"name":"synchronizer","amiss":${JSON.stringify(shared)},"msg":"not as it should be"}`,
  ]);
});
