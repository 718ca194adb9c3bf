import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { readForwardTarget } from '../../core/audit/forward-target.ts';
import { createTestAuthority, type TestAuthority } from '../../identity/testing/test-authority.ts';
import type { Logger } from '../../runtime/log.ts';
import { type ForwardTrail, openForwardTrail } from '../../store/forward-trail.ts';
import { type ProvisionedStore, startProvisionedStore } from '../../store/testing/provisioned-store.ts';
import { freePort } from '../../store/testing/temporary-postgres.ts';
import { type Rsyslog, rsyslogOf } from '../testing/rsyslog.ts';
import { forward } from './forward.ts';

describe('the forwarded audit trail', { timeout: 300_000 }, () => {
  let held: ProvisionedStore;
  let authority: TestAuthority;
  let directory: string;
  let trail: ForwardTrail;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hf-forward-'));
    authority = await createTestAuthority();
    held = await startProvisionedStore();
    trail = openForwardTrail(held.addresses.audit);
  });
  after(async () => {
    await trail.end();
    await held.stop();
    await authority[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  for (const { signal, queue } of [
    { signal: 'SIGTERM', queue: 'usual' },
    { signal: 'SIGKILL', queue: 'direct' },
  ] as const) {
    it(`is in the file of an rsyslog that was restarted by ${signal} again and again, whole and in order`, async (t) => {
      const rsyslog = await startRsyslog(`rsyslog-${signal}`, queue);
      const running = run([`tls://127.0.0.1:${rsyslog.port}`]);
      try {
        for (let turn = 0; turn < 3; turn += 1) {
          const writing = writeRecords(`${signal} ${turn}`, 800);
          await rsyslog.isTaking();
          await sleep(turn * 4); // wherever they are by then
          await rsyslog.stop(signal);
          await writing;
          await writeRecords(`${signal} ${turn}, nobody there`, 20);
          await waitUntil(async () => running.said().length % 2 === 1); // it is noticed
          await rsyslog.start();
          await waitUntil(async () => running.said().length % 2 === 0);
        }
        await running.isEmpty();
      } finally {
        await running.end();
        await rsyslog.stop('SIGTERM');
      }
      const lines = await rsyslog.lines();
      t.diagnostic(`${lines.length - new Set(lines.map(placeOf)).size} of ${lines.length} lines came again`);
      await assertWhole(lines);
    });
  }

  it('is in a file while another target is dead, of which the log speaks once', async () => {
    const file = join(directory, 'trail.log');
    const rsyslog = rsyslogOf({
      directory: join(directory, 'late'),
      port: await freePort(),
      caFile: authority.caFile,
      node: await authority.node('late'),
      queue: 'usual',
    });
    const syslog = `tls://127.0.0.1:${rsyslog.port}`;
    const running = run([syslog, `file:${file}`]);
    try {
      await writeRecords('file', 1000);
      await running.isEmpty(`file:${file}`);
      await assertWhole((await readFile(file, 'utf8')).trimEnd().split('\n'));
      await waitUntil(async () => running.looks(syslog) >= 4);
      assert.ok(running.backlog(syslog) >= 1000);
      assert.deepEqual(running.said(), ['audit records are not taken; they are kept, and sent again']);
      await rsyslog.start();
      await running.isEmpty(syslog);
      // A receiver that has just begun may close a connection once more: then both are said again.
      assert.equal(running.said().at(-1), 'audit records are forwarded again');
    } finally {
      await running.end();
      await rsyslog.stop('SIGTERM');
    }
    await assertWhole(await rsyslog.lines());
  });

  it('goes on where it was with the next one who forwards', async () => {
    const file = join(directory, 'twice.log');
    for (const phase of ['first', 'second']) {
      const running = run([`file:${file}`]);
      await writeRecords(phase, 100);
      await running.isEmpty();
      await running.end();
    }
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    assert.equal(new Set(lines.map(placeOf)).size, lines.length);
    await assertWhole(lines);
  });

  async function startRsyslog(name: string, queue: 'usual' | 'direct'): Promise<Rsyslog> {
    const rsyslog = rsyslogOf({
      directory: join(directory, name),
      port: await freePort(),
      caFile: authority.caFile,
      node: await authority.node(name),
      queue,
    });
    await rsyslog.start();
    return rsyslog;
  }

  /** The forwarder, and what it says. */
  function run(names: readonly string[]) {
    const ending = new AbortController();
    const backlogs = new Map<string, { readonly records: number; readonly looks: number }>();
    const { log, said } = heardLog();
    const targets = names.map((name) => {
      const target = readForwardTarget(name);
      assert.ok(typeof target !== 'string');
      return target;
    });
    const ended = forward({
      trail,
      targets,
      tls: { ca: authority.caFile, cert: null, key: null },
      onBacklog: (target, records) => {
        backlogs.set(target, { records, looks: (backlogs.get(target)?.looks ?? 0) + 1 });
      },
      log,
      signal: ending.signal,
    });
    const looks = (target: string): number => backlogs.get(target)?.looks ?? 0;
    return {
      said,
      looks,
      backlog: (target: string): number => backlogs.get(target)?.records ?? Number.NaN,
      /** The target has everything that is there now. */
      isEmpty: async (target = names[0] ?? ''): Promise<void> => {
        await waitUntil(async () => (await trail.look(target, 1)).chains.length === 0);
      },
      end: async (): Promise<void> => {
        ending.abort();
        await ended;
      },
    };
  }

  /** Through both lanes, so that there are two chains, and as fast as the trail takes them. */
  async function writeRecords(name: string, count: number): Promise<void> {
    for (let at = 0; at < count; at += 100) {
      const records = Array.from({ length: 50 }, (_, index) => recordOf(`${name} ${at + index}`));
      await Promise.all([
        held.store.audit.append(records, 'local'),
        held.store.audit.append(records, 'replicated'),
      ]);
    }
  }

  /** Every record of the trail is there, and first seen in the order of its chain. */
  async function assertWhole(lines: readonly string[]): Promise<void> {
    const expected = await held.postgres.inDatabase(
      held.addresses.audit,
      (sql) => sql<{ place: string }[]>`
        select concat_ws(' ', c.chain, m.seq, nullif(m.part, 0)) as place
        from all_messages m join chains c on c.id = m.chain order by c.id, m.seq, m.part`,
    );
    const seen = [...new Set(lines.map(placeOf))];
    const inOrder = Map.groupBy(seen, (place) => place.split(' ')[0]);
    const chains = Map.groupBy(expected, ({ place }) => place.split(' ')[0]);
    assert.ok(expected.length > 0);
    for (const [chain, places] of chains)
      assert.deepEqual(
        inOrder.get(chain),
        places.map(({ place }) => place),
      );
  }
});

/** Chain, number and part, of a line that is whole. */
function placeOf(line: string): string {
  const match =
    /^<86>1 \S+ node-1 conjur 1 test \[.*\[holdfast@43868 node="node-1" chain="([^"]+)" seq="(\d+)"(?: part="(\d+)")?\] .*\.$/.exec(
      line,
    );
  assert.ok(match !== null, line);
  const [, chain = '', seq = '', part] = match;
  return part === undefined ? `${chain} ${seq}` : `${chain} ${seq} ${part}`;
}

function recordOf(name: string): AuditRecord {
  return {
    facility: 10,
    severity: 6,
    timestamp: '2026-01-01T00:00:00.000Z',
    appname: 'conjur',
    procid: '1',
    msgid: 'test',
    sdata: { 'subject@43868': { resource: `demo:variable:${name}` } },
    message: `demo:user:admin fetched ${name} ${'ü'.repeat(name.length)}.`,
    ...(name.endsWith('7')
      ? { also: { resources: ['demo:variable:b'], before: 'fetched ', after: '.' } }
      : {}),
  };
}

function heardLog(): { readonly log: Logger; readonly said: () => readonly string[] } {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
  };
  const log = pino({ level: 'info' }, { write });
  return { log, said: () => lines.map((line) => String(JSON.parse(line).msg)) };
}

/** What other programs write says of nothing that it is there: it is looked at. */
async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
