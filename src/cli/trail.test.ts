import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openDoor } from '../client/client.ts';
import { testRecord } from '../core/testing/test-record.ts';
import type { Door } from '../client/exchange.ts';
import { exportTrail } from '../client/export-trail.ts';
import { followTrail } from '../client/follow-trail.ts';
import { readTrailChains } from '../client/trail.ts';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { TrailVerifier } from '../core/audit/trail-verifier.ts';
import type { ExportedRow } from '../core/audit/exported.ts';
import { isProblem, Problem } from '../core/problem.ts';
import { createLogger } from '../runtime/log.ts';
import { openWebFetch } from '../runtime/web-fetch.ts';
import { startTestNode, stateNow, type TestNode } from '../server/testing/test-node.ts';
import { startWorker, type Worker } from '../server/worker.ts';
import { appendToChain, beginChain, sha256 } from '../store/audit-chain.ts';
import { openSegment } from '../store/audit-segments.ts';
import type { Sql } from '../store/connection.ts';
import { openOutput } from './commands/audit-output.ts';
import { rowLine, syslogLines } from './render/trail-lines.ts';

describe('the whole trail, read with the certificate of a node', { timeout: 120_000 }, () => {
  let node: TestNode;
  let worker: Worker;
  let door: Door;
  let anonymous: Door;
  const ended = new AbortController();
  before(async () => {
    node = await startTestNode();
    const settings = await node.settings();
    const log = createLogger({ name: 'test', level: 'silent' });
    worker = await startWorker(settings, log, () => undefined);
    worker.obey(stateNow({ members: ['localhost'] }));
    const { ca, ...client } = node.tls;
    const doorTo = (port: number, trust: Parameters<typeof openWebFetch>[0]): Door =>
      openDoor({ fetch: openWebFetch(trust), url: `https://127.0.0.1:${port}`, signal: ended.signal });
    door = doorTo(settings.peer.port, { ca, client });
    anonymous = doorTo(settings.api.port, { ca });
    await inTrail(async (sql) => {
      let chain = await beginChain(sql, 'node-1');
      for (let batch = 0; batch < 3; batch += 1) {
        chain = await appendToChain(
          sql,
          chain,
          Array.from({ length: 1500 }, (_, at) => recordOf(`${batch}.${at}`)),
        );
        await openSegment(sql);
      }
    });
  });
  after(async () => {
    ended.abort();
    await worker.stop();
    await node.stop();
  });

  const inTrail = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    node.audit.inDatabase(node.audit.address, work);
  const always = { since: null, until: null };
  const exported = async (time: typeof always | { since: string; until: string }) => {
    const { chains, pages } = await exportTrail(door, { ...time, begin: 'export' });
    const rows: ExportedRow[] = [];
    for await (const page of pages) rows.push(...page);
    return { chains, rows };
  };

  it('is exported page by page, and what comes out verifies', async () => {
    const { chains, rows } = await exported(always);
    const verifier = new TrailVerifier(chains, [], sha256);
    for (const { chain, seq, hash, record } of rows) {
      assert.ok(chain !== null && seq !== null && hash !== null);
      verifier.add({ chain, seq, hash, record });
    }
    assert.deepEqual([verifier.end(), rows.length >= 4500], [[], true]);
  });

  it('is exported for a time only', async () => {
    const minute = { since: '2026-01-01T00:01:00.000Z', until: '2026-01-01T00:02:00.000Z' };
    const { rows } = await exported(minute);
    assert.deepEqual(
      rows.map(({ record }) => record.message),
      ['0.1', '1.1', '2.1'],
    );
  });

  it('says that it was exported', async () => {
    const { rows } = await exported(always);
    assert.ok(
      rows.some(({ record }) => record.message === '!:node:localhost began to export the audit trail'),
    );
  });

  it('is told to nobody else', async () => {
    await assert.rejects(readTrailChains(anonymous, { ...always, begin: null }), (error) =>
      isProblem(error, 'api_unauthenticated'),
    );
  });

  it('is followed through a loss of the master, without a record missed or shown twice', async () => {
    const losses: Problem[] = [];
    const begun = Promise.withResolvers<void>();
    let finds = 0;
    const rows = followTrail({
      openMaster: async () => {
        finds += 1;
        if (finds === 2) throw new Problem('no_authority', 'There is no master now.');
        return finds === 1 ? failingAfter(door, 6) : door;
      },
      pause: () => delay(20),
      onBegin: () => begun.resolve(),
      onLoss: (problem) => losses.push(problem),
      onShortened: () => assert.fail('nothing was lost'),
    });
    const first = rows.next();
    await begun.promise;
    const wanted = 6000;
    const writing = inTrail(async (sql) => {
      let chain = await beginChain(sql, 'node-2');
      for (let at = 0; at < wanted; at += 100) {
        chain = await appendToChain(
          sql,
          chain,
          Array.from({ length: 100 }, (_, n) => recordOf(`new ${at + n}`)),
        );
      }
    });
    const got: string[] = [];
    for (let page = await first; ; page = await rows.next()) {
      got.push(
        ...page.value.map(({ record }) => record.message).filter((message) => message.startsWith('new ')),
      );
      if (got.length >= wanted) break;
    }
    await writing;
    assert.deepEqual(
      got,
      Array.from({ length: wanted }, (_, at) => `new ${at}`),
    );
    assert.deepEqual(
      losses.map(({ code }) => code),
      ['api_unavailable', 'no_authority'],
    );
  });

  it('ends to be followed where it never works', async () => {
    const rows = followTrail({
      openMaster: async () => anonymous,
      pause: () => delay(1),
      onBegin: () => undefined,
      onLoss: () => assert.fail('this does not pass'),
      onShortened: () => undefined,
    });
    await assert.rejects(rows.next(), (error) => isProblem(error, 'api_unauthenticated'));
  });

  it('is written into a new file for its owner alone', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hf-trail-'));
    try {
      const file = join(directory, 'trail.jsonl');
      const output = await openOutput(file);
      await output.write('one\n');
      await output.write('two\n');
      await output.close();
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.equal(await readFile(file, 'utf8'), 'one\ntwo\n');
      await assert.rejects(openOutput(file), /is there already/u);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('has lines for programs and for syslog', async () => {
    const also = { resources: ['d:variable:b'], before: 'read ', after: '' };
    const row: ExportedRow = {
      id: 7n,
      node: 'n',
      chain: 1,
      seq: 2,
      hash: 'ab',
      record: { ...recordOf('read d:variable:a'), also },
    };
    assert.deepEqual(JSON.parse(rowLine(row)), { type: 'record', ...row, id: '7' });
    assert.deepEqual(syslogLines(row), [
      '<86>1 2026-01-01T00:00:00.000Z n conjur 1 test - read d:variable:a',
      '<86>1 2026-01-01T00:00:00.000Z n conjur 1 test [subject@43868 resource="d:variable:b"] read d:variable:b',
    ]);
  });

  /** A door that is shut after so many requests. */
  function failingAfter(open: Door, requests: number): Door {
    let left = requests;
    return {
      ...open,
      pause: async () => undefined,
      fetch: async (url, init) => {
        left -= 1;
        if (left < 0) throw new Problem('api_unavailable', 'It is gone.');
        return open.fetch(url, init);
      },
    };
  }

  function recordOf(message: string): AuditRecord {
    const minute = /^\d+\.(\d+)$/u.exec(message)?.[1] ?? '0';
    return testRecord(message, {
      timestamp: new Date(Date.parse('2026-01-01T00:00:00.000Z') + Number(minute) * 60_000).toISOString(),
    });
  }
});
