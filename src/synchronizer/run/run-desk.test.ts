import assert from 'node:assert/strict';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openClient } from '../../client/client.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { soleAuthority } from '../authority.ts';
import { readConfig } from '../config/read-config.ts';
import { standsAlone, type Standing } from '../http/report.ts';
import { putAccepted } from './accepted.ts';
import { putPause, readPause, removePause } from './pause.ts';
import { openDesk, type RunDesk } from './run-desk.ts';
import { quietOutcome } from '../testing/outcome.ts';
import { isLocked } from '../state/directory-lock.ts';
import { readStanding } from '../state/standing-file.ts';
import { readStatus } from '../state/status-file.ts';

const authority = soleAuthority(
  openClient({
    fetch: () => Promise.reject(new Error('nobody asks')),
    url: 'http://127.0.0.1:1',
    account: 'a',
    login: 'l',
    apiKey: new Secret('k'),
  }),
);

function open(
  directory: string,
  stop: AbortSignal,
  standing: () => Standing = () => standsAlone,
): Promise<RunDesk> {
  const reading = readConfig(
    `vault: v
target: {url: 'http://127.0.0.1:1', account: a, login: l, apiKeyFile: k}
source: {kind: directory, path: d}
stateDirectory: ${directory}`,
    '/',
  );
  assert.ok(reading.ok);
  const { config } = reading;
  return openDesk({ config: () => config, standing, stop });
}

describe('the desk of a run', { timeout: 30_000 }, () => {
  let directory: string;
  let stop: AbortController;
  let desk: RunDesk;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hf-desk-'));
    stop = new AbortController();
    desk = await open(directory, stop.signal);
  });
  afterEach(async () => {
    await desk.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('ends a pass between two writes when somebody pauses, and counts that as no failure', async () => {
    const ended = await desk.pass(async ({ signal, authority: resting }) => {
      const writer = resting(authority);
      writer.writer();
      const paused = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await putPause(directory, 'moving house');
      await paused;
      writer.writer();
      throw new Error('it wrote on');
    });
    assert.equal(ended.end, 'interrupted');
    assert.equal(desk.pauses.current()?.because, 'moving house');
    assert.equal(await readStatus(directory), null);
    assert.deepEqual([...desk.report.counts.passes], [['interrupted', 1]]);
    await removePause(directory);
    await desk.pauses.resumed();
    assert.deepEqual([desk.pauses.current(), desk.pauses.signal().aborted], [null, false]);
  });

  it('writes its role down with the next pass, where that could not be done before', async () => {
    let standing: Standing = { role: 'standby', leaseLeftMs: null };
    await desk.close();
    desk = await open(directory, stop.signal, () => standing);
    const file = join(directory, 'standing.json');
    rmSync(file);
    mkdirSync(join(file, 'in-the-way'), { recursive: true });
    standing = { role: 'leader', leaseLeftMs: 1000 };
    await assert.rejects(desk.standingChanged());
    const pass = () => desk.pass(() => Promise.reject(new Problem('source_unavailable', 'no.')));
    assert.equal((await pass()).end, 'failed', 'the pass is made all the same');
    rmSync(file, { recursive: true });
    await pass();
    assert.equal((await readStanding(directory))?.role, 'leader');
  });

  it('lets nobody wait for a resumption once the run ends', async () => {
    await putPause(directory, null);
    if (!desk.pauses.signal().aborted)
      await new Promise((resolve) => desk.pauses.signal().addEventListener('abort', resolve, { once: true }));
    const resumed = desk.pauses.resumed();
    stop.abort();
    await resumed;
  });

  it('writes a failure down with its words when they are ours, and without them otherwise', async () => {
    const fault = new Problem('source_unavailable', 'the vault is away.');
    const ended = await desk.pass(() => Promise.reject(fault));
    assert.ok(ended.end === 'failed' && ended.error === fault);
    assert.equal((await readStatus(directory))?.error, 'the vault is away.');
    assert.equal(desk.report.view().lastPass?.code, 'source_unavailable');
    await desk.pass(() => Promise.reject(new Error('header: Token abc')));
    assert.doesNotMatch(JSON.stringify(await readStatus(directory)), /abc/u);
    assert.equal(desk.report.view().lastPass?.end, 'failed');
  });

  it('takes leadership that went elsewhere for no failure', async () => {
    const gone = new Problem('no_authority', 'it does not lead any more.');
    const ended = await desk.pass(() => Promise.reject(gone));
    assert.equal(ended.end, 'failed');
    assert.equal(desk.report.view().lastPass, null);
    assert.equal(await readStatus(directory), null);
  });

  it('knows after a restart what the pass before it did', async () => {
    const failed = await desk.pass(() => Promise.reject(new Problem('source_unavailable', 'away.')));
    assert.equal(failed.end, 'failed');
    await desk.close();
    desk = await open(directory, stop.signal);
    assert.equal(desk.report.view().status?.error, 'away.');
  });

  it('outlives a disk that fails in mid-pass, when somebody had accepted removals', async () => {
    await putAccepted(directory, 3);
    const ended = await desk.pass(async ({ onUnfinished }) => {
      onUnfinished(quietOutcome);
      const file = join(directory, 'accepted.json');
      rmSync(file);
      mkdirSync(file);
      throw new Problem('source_unavailable', 'away.');
    });
    assert.ok(ended.end === 'failed' && isProblem(ended.error, 'source_unavailable'));
  });

  it('takes its directory anew when somebody has deleted it', async () => {
    rmSync(directory, { recursive: true });
    assert.equal(await isLocked(directory), false);
    assert.equal((await desk.pass(async () => quietOutcome)).end, 'done');
    assert.deepEqual([await isLocked(directory), (await readStanding(directory))?.role], [true, 'alone']);
    await assert.rejects(open(directory, stop.signal), (error) => isProblem(error, 'state_in_use'));
    assert.equal(readdirSync(directory).filter((name) => name.endsWith('.lock.sock')).length, 1);
  });

  it('makes no pass, and writes nothing, while another one has the directory that was deleted', async () => {
    rmSync(directory, { recursive: true });
    const other = await open(directory, stop.signal);
    const ended = await desk.pass(() => assert.fail('a pass was made'));
    assert.ok(ended.end === 'failed' && isProblem(ended.error, 'state_in_use'));
    assert.equal(desk.report.view().lastPass?.code, 'state_in_use');
    assert.equal(await readStatus(directory), null);
    await other.close();
    assert.equal((await desk.pass(async () => quietOutcome)).end, 'done');
  });

  it('is no second one in its directory', async () => {
    await assert.rejects(open(directory, stop.signal), (error) => isProblem(error, 'state_in_use'));
  });
});

it('a pause keeps its time, takes a new reason, and is one also when its file is nonsense', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-pause-'));
  try {
    assert.equal(await readPause(directory), null);
    const first = await putPause(directory, 'one');
    assert.deepEqual(await putPause(directory, null), first);
    assert.deepEqual(await putPause(directory, 'two'), { ...first, because: 'two' });
    writeFileSync(join(directory, 'paused.json'), '{');
    assert.match((await readPause(directory))?.because ?? '', /cannot be read or understood; remove it/u);
    assert.deepEqual([await removePause(directory), await removePause(directory)], [true, false]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

it('a pause by root can be read by whom it is for', {
  skip: process.getuid?.() === 0 ? false : 'only root can give files away',
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-pause-'));
  try {
    chownSync(directory, 65_534, 65_534);
    await putPause(directory, null);
    assert.deepEqual(statSync(join(directory, 'paused.json')).uid, 65_534);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
