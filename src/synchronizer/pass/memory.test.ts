import assert from 'node:assert/strict';
import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeSecret } from '../../client/secrets.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { openStateFile } from '../state/state-file.ts';
import { change, heldAccount, type PassLab, startPassLab } from '../testing/pass-lab.ts';

function many(count: number) {
  return Array.from({ length: count }, (_, at) => heldAccount(`1_${at}`, `n${at}`));
}
const hourMs = 3_600_000;

describe('what a synchronizer remembers from pass to pass', { timeout: 120_000 }, () => {
  const listening = listeningServer();

  const openState = (lab: PassLab) =>
    openStateFile(join(lab.directory, 'state'), `${listening.url} ${lab.vault}`);
  const retrieved = ({ pam }: PassLab): number =>
    pam.asked.filter((line) => line.endsWith('/Retrieve')).length;

  it('goes on where an interrupted pass stood: what was compared is not compared again', async (t) => {
    for (const full of [false, true]) {
      const lab = await startPassLab(t, listening, { web: many(100) });
      if (full) await lab.pass();
      const later = Date.now() + (full ? 2 * hourMs : 0);
      const wallClock = () => later;
      const controller = new AbortController();
      const onProgress: Parameters<PassLab['pass']>[0] = {
        signal: controller.signal,
        onProgress: (progress) => {
          if (progress.phase === 'values' && progress.done === 80) controller.abort();
        },
      };
      const begun = retrieved(lab);
      await assert.rejects(lab.pass(onProgress, { wallClock }));
      const interrupted = retrieved(lab);
      assert.ok(interrupted - begun < 90, String(interrupted - begun));
      const pass = await lab.pass({}, { wallClock });
      assert.equal(pass.mode, 'full');
      assert.ok(retrieved(lab) - interrupted <= 20, String(retrieved(lab) - interrupted));
      assert.equal((await lab.pass({}, { wallClock })).mode, 'quick');
    }
  });

  it('keeps what was done while a pass is still under way', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(100) });
    const stateFile = await openState(lab);
    let saves = 0;
    const counted = {
      ...stateFile,
      save: async () => {
        saves += 1;
        await stateFile.save();
      },
    };
    let kept = -1;
    const authority = {
      writer: () => {
        // As if it were killed: what is in the file now is all that the next one has.
        if (saves >= 40) throw new Problem('no_authority', 'another synchronizer leads.');
        return lab.host;
      },
    };
    await assert.rejects(lab.pass({}, { authority, stateFile: counted, saveEveryMs: 0, concurrency: 1 }));
    kept = (await openState(lab)).state.accounts.size;
    assert.ok(kept > 20 && kept < 40, String(kept));
    const quiet = await startPassLab(t, listening, { web: many(30) });
    const file = await openState(quiet);
    let quietSaves = 0;
    await quiet.pass(
      {},
      {
        stateFile: {
          ...file,
          save: async () => {
            quietSaves += 1;
            await file.save();
          },
        },
      },
    );
    assert.equal(quietSaves, 1);
  });

  it('believes no digest of another key, however often the state was opened since', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(1) });
    await lab.pass();
    const id = `${lab.vault}/l/web/n0/password`;
    await rm(join(lab.directory, 'state', 'digest.key'));
    for (let at = 0; at < 2; at += 1) assert.equal((await openState(lab)).state.variables.size, 0);
    await lab.pass({ dryRun: true });
    await assert.rejects(access(join(lab.directory, 'state', 'digest.key')));
    await writeSecret(lab.client, id, new Secret(new TextEncoder().encode('by hand')));
    await lab.pass({}, { removal: { policy: 'retain', most: 0, mostPercent: 0 } });
    assert.deepEqual(await lab.values('l/web/n0/password'), ['secret 1_0']);
    await writeSecret(lab.client, id, new Secret(new TextEncoder().encode('by hand')));
    const told = await lab.pass({ full: true }, { drift: 'report' });
    assert.deepEqual([told.drifted, told.written], [[id], []]);
  });

  it('creates nothing when it is only opened, or when a pass is only tried', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(1) });
    await openState(lab);
    await lab.pass({ dryRun: true });
    await assert.rejects(access(join(lab.directory, 'state')));
    await lab.pass();
    await access(join(lab.directory, 'state', 'state.jsonl'));
  });

  it('adds up what passes remove within 24 hours', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(100) });
    let now = Date.now();
    const settings = () => ({
      wallClock: () => now,
      fullCheckEveryMs: 1000 * hourMs,
      removal: { policy: 'delete', most: 500, mostPercent: 10 } as const,
    });
    await lab.pass({}, settings());
    const pass = async (gone: number, accepted?: number) => {
      lab.safe('web').splice(0, gone);
      now += hourMs;
      const options = accepted === undefined ? {} : { acceptedRemovals: accepted };
      const { removed, stopped } = await lab.pass(options, settings());
      return [removed.length, stopped === null ? null : stopped.allowed];
    };
    assert.deepEqual(await pass(6), [6, null]);
    assert.deepEqual(await pass(3), [3, null]);
    assert.deepEqual(await pass(2), [0, 1]); // of 10 in a day
    assert.deepEqual(await pass(0, 2), [2, null]); // accepted, and not counted
    now += 22 * hourMs; // the six are 26 hours ago, the three 25
    assert.deepEqual(await pass(6), [6, null]);
    assert.deepEqual(await pass(3), [0, 2]); // 8 of 89
    assert.deepEqual(
      (await openState(lab)).state.removals.map(({ count }) => count),
      [6],
    );
  });

  it('removes nothing at all with 0 percent, or a most of 0', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(5) });
    await lab.pass();
    lab.safe('web').splice(0, 1);
    for (const rules of [
      { most: 100, mostPercent: 0 },
      { most: 0, mostPercent: 100 },
    ]) {
      const { removed, stopped } = await lab.pass({}, { removal: { policy: 'delete', ...rules } });
      assert.deepEqual([removed, stopped?.allowed], [[], 0]);
    }
  });

  it('names what a pass that stops would remove, also when it is only tried', async (t) => {
    const lab = await startPassLab(t, listening, { web: many(150) });
    await lab.pass();
    const gone = lab.safe('web').splice(0, 120);
    change(lab.safe('web')[0], 'rotated');
    for (const dryRun of [true, false]) {
      const { stopped, written } = await lab.pass(
        { dryRun },
        { removal: { policy: 'delete', most: 5, mostPercent: 100 } },
      );
      assert.deepEqual([stopped?.removals, stopped?.allowed, written], [120, 5, []]);
      assert.deepEqual(
        stopped?.identifiers,
        gone.slice(0, 100).map(({ name }) => `${lab.vault}/l/web/${name}/password`),
      );
    }
    const tried = await lab.pass({ dryRun: true, acceptedRemovals: 120 });
    assert.equal(tried.removed.length, 120);
  });

  it('forgets accounts that no variable names', async (t) => {
    const lab = await startPassLab(t, listening, { web: [heldAccount('1_0', 'keep')] });
    for (let at = 1; at < 6; at += 1) {
      lab.safe('web').splice(1, 1, heldAccount(`1_${at}`, `n${at}`));
      await lab.pass({ full: at === 5 });
    }
    await lab.pass({ full: true });
    const text = await readFile(join(lab.directory, 'state', 'state.jsonl'), 'utf8');
    assert.equal(text.split('\n').filter((line) => line.startsWith('["account"')).length, 2);
  });
});
