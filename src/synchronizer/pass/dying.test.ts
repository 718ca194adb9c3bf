import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadPolicy } from '../../client/policies.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { openStateFile } from '../state/state-file.ts';
import { type LetIn, recordDifferences } from '../testing/compare-records.ts';
import { type Death, faultyPass } from '../testing/faulty-pass.ts';
import type { HeldAccount } from '../testing/pam-stand-in.ts';
import { heldAccount, type PassLab, startPassLab } from '../testing/pass-lab.ts';
import type { PassOptions } from './run-pass.ts';

/** Many passes of one day. */
const removal = { policy: 'delete', most: 1_000_000, mostPercent: 100 } as const;
const deaths: readonly Death[] = ['killed', 'interrupted'];

/** Before and after: names that are swapped (of `c` and `d` single hosts read the password), renamed, new, gone, back and rotated. */
function accountsOf(stage: 0 | 1): HeldAccount[] {
  const [here, other] = stage === 0 ? [0, 1] : [1, 0];
  const changed = { password: `secret ${stage}`, lastModifiedTime: 1_700_000_000 + stage };
  return [
    heldAccount('1_1', ['a', 'b'][here] ?? '', { userName: 'first' }),
    heldAccount('1_2', ['a', 'b'][other] ?? ''),
    heldAccount('1_3', ['c', 'd'][here] ?? ''),
    heldAccount('1_4', ['c', 'd'][other] ?? ''),
    heldAccount('1_5', ['e', 'f'][here] ?? ''),
    ...(stage === 0 ? [heldAccount('1_6', 'g', { userName: 'sixth' })] : [heldAccount('1_7', 'h')]),
    heldAccount('1_8', 'rotated', changed),
    heldAccount('1_9', 'quiet', stage === 0 ? {} : { userName: 'ninth' }),
  ];
}

describe('a pass that dies', { timeout: 600_000 }, () => {
  const listening = listeningServer();

  /** Whether it did not come through. */
  const dies = async (
    lab: PassLab,
    { death, at }: { readonly death: Death; readonly at: number },
    options: Partial<PassOptions> = {},
  ): Promise<boolean> => {
    const stateFile = await openStateFile(join(lab.directory, 'state'), `${listening.url} ${lab.vault}`);
    const { settings, hasDied } = faultyPass(lab.host, stateFile, {
      at,
      counts: 'changes',
      request: 'answered',
      ends: death,
    });
    await lab.pass(options, { ...settings, removal, concurrency: 1 }).catch((error: unknown) => {
      if (!hasDied()) throw error;
    });
    return hasDied();
  };
  /** The next pass makes the target equal, and the one behind it finds nothing to do. */
  const isMended = async (lab: PassLab, letIn: LetIn, where: string): Promise<void> => {
    const pass = await lab.pass({}, { removal });
    assert.deepEqual([pass.mode, pass.stopped, pass.failures], ['quick', null, []], where);
    assert.deepEqual(await lab.differences(), [], where);
    const lobs = new Map([['l', lab.pam.users.get('u')?.safes ?? new Map<string, HeldAccount[]>()]]);
    assert.deepEqual(await recordDifferences(lab.client, lab.layout, lobs, letIn), [], where);
    const quiet = await lab.pass();
    assert.deepEqual([quiet.unchanged, quiet.created, quiet.written], [quiet.accounts, [], []], where);
  };
  const put = (lab: PassLab, stage: 0 | 1): void => {
    lab.safe('web').splice(0, Number.POSITIVE_INFINITY, ...accountsOf(stage));
  };

  for (const death of deaths)
    it(`behind any change is followed by one that makes it good, also where the source went back (${death})`, async (t) => {
      const lab = await startPassLab(t, listening, {
        web: accountsOf(0),
        quiet: [heldAccount('2_1', 'x')],
      });
      await lab.pass();
      const letIn = new Map<string, string[]>();
      for (const [id, name] of [
        ['1_3', 'c'],
        ['1_4', 'd'],
      ]) {
        const host = `${death}-${name}`;
        await listening.server.load(
          `- !host ${host}\n- !permit {role: !host ${host}, privileges: [read, execute], resource: !variable '${lab.vault}/l/web/${name}/password'}`,
        );
        letIn.set(`l/${id}`, [`${listening.server.account}:host:${host}`]);
      }
      let changes = 0;
      for (let at = 1, isDying = true; isDying; at += 1) {
        for (const then of [0, 1] as const) {
          put(lab, 1);
          isDying = await dies(lab, { death, at });
          put(lab, then);
          await isMended(lab, letIn, `behind change ${at}, then stage ${then}`);
          put(lab, 0);
          await lab.pass({}, { removal });
        }
        changes = at;
      }
      assert.ok(changes > 15, String(changes));
    });

  for (const [disturbed, full] of [
    ['- !delete {record: !policy web}', false],
    ['- !delete {record: !variable web/a/password}', true],
  ] as const)
    it(`while it restores what somebody deleted (full: ${full}) leaves nothing without a value`, async (t) => {
      for (const death of deaths)
        for (let at = 1, isDying = true; isDying; at += 1) {
          const web = [heldAccount('1_0', 'a', { userName: 'u' }), heldAccount('1_1', 'b')];
          const lab = await startPassLab(t, listening, { web, quiet: [heldAccount('2_1', 'x')] });
          await lab.pass();
          await loadPolicy(lab.client, { branch: `${lab.vault}/l`, mode: 'update', text: disturbed });
          web.push(heldAccount('1_2', 'c'));
          isDying = await dies(lab, { death, at }, { full });
          await isMended(lab, new Map(), `${death} behind change ${at}`);
        }
    });
});
