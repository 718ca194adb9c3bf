import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusOfError, type SyncStatus } from '../state/status.ts';
import { judgeHealth } from './health.ts';
import { openReport, type Standing } from './report.ts';

const everyMs = 60_000;
const leaseMs = 30_000;

/** A report under a clock that the test turns, in seconds. */
function run(standing: Standing = { role: 'alone', leaseLeftMs: null }, known: SyncStatus | null = null) {
  const time = { now: 1_000_000 };
  const held = { standing, pause: null as { since: string; because: string | null } | null };
  const report = openReport({
    now: () => time.now,
    standing: () => held.standing,
    pause: () => held.pause,
    known,
  });
  return {
    report,
    held,
    wait: (seconds: number) => {
      time.now += seconds * 1000;
    },
    health: () => judgeHealth(report.view(), { everyMs, leaseMs }, time.now),
  };
}

const leader: Standing = { role: 'leader', leaseLeftMs: 20_000 };
const standby: Standing = { role: 'standby', leaseLeftMs: null, leader: 'sync2' };

test('one that writes is healthy for three intervals without a pass, and no longer', () => {
  const { report, wait, health } = run();
  wait(180);
  assert.deepEqual(health(), { healthy: true, reason: null });
  wait(1);
  assert.deepEqual(health(), { healthy: false, reason: 'no pass for 181 s' });
  report.passBegan();
  wait(170);
  report.progressed();
  wait(170);
  assert.equal(health().healthy, true, 'a long pass gets on');
  report.passEnded('done', {});
  wait(180);
  assert.equal(health().healthy, true);
  wait(1);
  assert.equal(health().healthy, false);
});

test('a pass that failed or stopped is said until one goes through', () => {
  const { report, health } = run();
  const status = statusOfError('no', null, null, '2026-01-01T00:00:00.000Z');
  report.passEnded('failed', { code: 'source_unavailable', status });
  assert.deepEqual(health(), {
    healthy: false,
    reason: 'the last pass failed (source_unavailable); "holdfast sync status" says why',
  });
  report.passEnded('interrupted', {});
  assert.equal(health().healthy, false, 'an interruption mends nothing');
  report.passEnded('stopped', { status });
  assert.match(health().reason ?? '', /would have removed more/u);
  report.passEnded('done', { status: { ...status, unlisted: 2 } });
  assert.deepEqual(health(), { healthy: true, reason: 'not as it should be: 2 single accounts or safes' });
});

test('a line of business that was not read is ill health, a single safe is not', () => {
  const { report, health } = run();
  const status = statusOfError('no', null, null, '2026-01-01T00:00:00.000Z');
  const unread = { code: 'source_failed', lob: 'retail', safe: null, fault: 'no.' } as const;
  report.passEnded('done', { status: { ...status, reports: [{ ...unread, safe: 'Teams' }] } });
  assert.equal(health().healthy, true);
  report.passEnded('done', { status: { ...status, reports: [unread] } });
  assert.deepEqual(health(), {
    healthy: false,
    reason: 'not read: 1 of the lines of business; "holdfast sync status" says why',
  });
});

test('a standby and a paused one wait in good health, however long', () => {
  const { report, held, wait, health } = run(standby);
  wait(10_000);
  assert.deepEqual(health(), { healthy: true, reason: 'sync2 leads' });
  held.standing = { ...standby, leader: null, fault: { code: 'api_forbidden', detail: 'no.' } };
  assert.match(health().reason ?? '', /election cannot be held \(api_forbidden\)/u);
  assert.equal(health().healthy, false);
  held.standing = leader;
  report.view();
  wait(180);
  assert.equal(health().healthy, true, 'a new leader has time for its first pass');
  assert.equal(report.counts.terms, 1);
  wait(1);
  assert.equal(health().healthy, false);
  held.pause = { since: 'x', because: 'moving house' };
  assert.deepEqual(health(), { healthy: true, reason: 'paused: moving house' });
});

test('a server that does not answer is ill health in every role, but not for a moment', () => {
  const { report, wait, health } = run(standby);
  report.called('target', 'failed');
  wait(15);
  assert.equal(health().healthy, true);
  wait(1);
  report.called('target', 'failed');
  report.called('source', 'answered');
  assert.deepEqual(health(), { healthy: false, reason: 'the server has not answered for 16 s' });
  report.called('target', 'refused');
  assert.equal(health().healthy, true);
});

test('one that was paused in an outage is in good health, and has time after it', () => {
  const { report, held, wait, health } = run(standby);
  report.called('target', 'failed');
  wait(1000);
  held.pause = { since: 'x', because: null };
  assert.deepEqual(health(), { healthy: true, reason: 'paused' });
  wait(1000);
  report.rested();
  held.pause = null;
  assert.equal(health().healthy, true);
});

test('a standby that sees nobody lead says so, and is ill after three leases', () => {
  const { report, held, wait, health } = run({ ...standby, leader: null });
  wait(90);
  assert.deepEqual(health(), { healthy: true, reason: 'nobody leads yet' });
  wait(1);
  assert.deepEqual(health(), {
    healthy: false,
    reason: 'nobody has been seen to lead for 91 s; the log says why',
  });
  held.standing = standby;
  assert.deepEqual(health(), { healthy: true, reason: 'sync2 leads' });
  held.standing = { ...standby, leader: null };
  assert.equal(health().healthy, true, 'it begins anew');
  wait(91);
  assert.equal(health().healthy, false);
  report.rested();
  assert.equal(health().healthy, true);
});

test('what a term before ended with is not held against this one', () => {
  const { report, held, wait, health } = run(leader);
  report.passEnded('failed', { code: 'source_unavailable' });
  assert.equal(health().healthy, false);
  wait(1);
  held.standing = standby;
  assert.equal(health().healthy, true);
  held.standing = leader;
  assert.deepEqual(health(), { healthy: true, reason: null });
  report.passEnded('failed', { code: 'source_unavailable' });
  assert.equal(health().healthy, false);
});

test('what a pass before this term or this run could not read is not held against it', () => {
  const unread = { code: 'source_failed', lob: 'retail', safe: null, fault: 'no.' } as const;
  const status = {
    ...statusOfError('no', null, null, '2026-01-01T00:00:00.000Z'),
    reports: [unread],
    unlisted: 1,
  };
  const fine = { healthy: true, reason: null };
  assert.deepEqual(run(undefined, status).health(), fine, 'it has just been started');
  const { report, held, wait, health } = run(leader, status);
  assert.deepEqual(health(), fine, 'it has just taken over');
  report.passEnded('done', { status });
  assert.match(health().reason ?? '', /not read: 1/u);
  wait(1);
  held.standing = standby;
  report.view();
  held.standing = leader;
  assert.deepEqual(health(), fine, 'it leads again');
  report.passEnded('interrupted', {});
  assert.deepEqual(health(), fine, 'nothing was read by a pass that was interrupted');
});
