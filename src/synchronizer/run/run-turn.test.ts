import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { lost } from '../election/elected-authority.ts';
import { soleAuthority } from '../authority.ts';
import { openClient } from '../../client/client.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { openReport, standsAlone } from '../http/report.ts';
import { statusOfError } from '../state/status.ts';
import type { DeskEnd } from './run-desk.ts';
import { hasReadSome, makePasses, pauseAfterPassMs } from './run-turn.ts';

it('a first pass of a term that failed is made again soon, ever less so, and at the latest after the period', () => {
  const after = (failures: number, takesOver = true, everyMs = 60_000): number =>
    pauseAfterPassMs({ everyMs, failures, takesOver });
  assert.deepEqual(
    [1, 2, 3, 7, 100].map((failures) => after(failures)),
    [1000, 2000, 4000, 60_000, 60_000],
  );
  assert.equal(after(0), 60_000);
  assert.equal(after(1, false), 60_000);
  assert.equal(after(1, true, 500), 500);
  assert.equal(after(20, true, 0), 10_000);
});

it('a vault of which no safe and no line of business answers is not read, and an empty one is', () => {
  const safe = (fault: string | null) => ({ branch: 'v/l/s', lob: 'l', safe: 's', accounts: null, fault });
  const lobFaults = [{ lob: 'other', fault: 'refused.' }];
  assert.equal(hasReadSome({ lobFaults: [], safes: [] }), true);
  assert.equal(hasReadSome({ lobFaults, safes: [] }), false);
  assert.equal(hasReadSome({ lobFaults, safes: [safe('refused.')] }), false);
  assert.equal(hasReadSome({ lobFaults: [], safes: [safe('refused.')] }), false);
  assert.equal(hasReadSome({ lobFaults, safes: [safe(null), safe('refused.')] }), true);
});

describe('a pass of a term', () => {
  const status = { ...statusOfError('no', null, null, '2026-01-01T00:00:00.000Z'), error: null };
  const stopped = { removals: 3, allowed: 2, identifiers: [] };

  /** Makes one pass of a term, which ends so. */
  const afterOne = async (end: DeskEnd) => {
    const over = new AbortController();
    const { signal: never } = new AbortController();
    const lines: string[] = [];
    const sink = new Writable({
      write: (line: Buffer, _encoding, done) => {
        lines.push(line.toString());
        done();
      },
    });
    const lookedAt: { token: string | null } = { token: 'before' };
    const told: boolean[] = [];
    const url = 'http://127.0.0.1:1';
    const fetch = () => Promise.reject(new Error('nobody asks'));
    const client = openClient({ fetch, url, account: 'a', login: 'l', apiKey: new Secret('k') });
    const pauses = {
      current: () => null,
      signal: () => never,
      resumed: async () => undefined,
    };
    await makePasses(
      {
        desk: {
          pauses,
          report: openReport({ now: () => 0, standing: () => standsAlone, pause: () => null }),
          pass: async () => {
            over.abort();
            return end;
          },
          standingChanged: async () => undefined,
          close: async () => undefined,
        },
        log: pino({ base: null, timestamp: false }, sink),
        stop: never,
        position: { position: null },
        reread: () => assert.fail('this desk makes no pass'),
        lookedAt,
      },
      {
        signal: over.signal,
        authority: soleAuthority(client),
        token: 'this',
        onPass: (isGood) => void told.push(isGood),
      },
    );
    const [line = '{}'] = lines;
    const { level, msg }: { readonly level?: number; readonly msg?: string } = JSON.parse(line);
    return { lookedAt: lookedAt.token, told, level, msg };
  };

  it('that went through has looked at everything', async () => {
    const { lookedAt, told, msg } = await afterOne({ end: 'done', status });
    assert.deepEqual([lookedAt, told, msg], ['this', [true], 'pass done']);
  });

  it('that stopped has looked at nothing, so that the next one looks at everything', async () => {
    const { lookedAt, told } = await afterOne({ end: 'stopped', status: { ...status, stopped } });
    assert.deepEqual([lookedAt, told], ['before', [true]]);
  });

  it('that ended with its term is no failure: it is no reason to give way, and none to wake somebody', async () => {
    const { lookedAt, told, level, msg } = await afterOne({ end: 'failed', error: lost('its term is over') });
    assert.deepEqual([lookedAt, told, level, msg], ['before', [], 30, 'pass ended with its term']);
  });

  it('that failed is told as that', async () => {
    const error = new Problem('disk_full', 'no room.');
    const { lookedAt, told, level, msg } = await afterOne({ end: 'failed', error });
    assert.deepEqual([lookedAt, told, level, msg], ['before', [false], 50, 'pass failed']);
  });
});
