import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { type Random, seededRandom } from '../../core/random.ts';
import { safeBranch, variablePath } from '../../core/sync/layout.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { openStateFile } from '../state/state-file.ts';
import { recordDifferences } from '../testing/compare-records.ts';
import { type Fault, faultyPass } from '../testing/faulty-pass.ts';
import { type FuzzedVault, fuzzedVault } from '../testing/fuzzed-vault.ts';
import type { Misbehaviour } from '../testing/web-stand-in.ts';
import { type PassLab, startPassLab } from '../testing/pass-lab.ts';
import type { PassOutcome } from './outcome.ts';
import type { PassOptions, PassSettings } from './run-pass.ts';

const firstSeed = Number(process.env['SEED'] ?? 1);
const series = Number(process.env['SERIES'] ?? 3);
const rounds = 10;
const removal = { policy: 'delete', most: 1_000_000, mostPercent: 100 } as const;

/** Seeded: `SEED=… SERIES=… node --test …` for others, and for more of them. */
describe('passes to which anything happens', { timeout: 120_000 + series * 60_000 }, () => {
  const listening = listeningServer();
  let hosts = 0;

  /** Somebody is let in to the password of an account, under the name that it has. */
  const letIn = async (random: Random, lab: PassLab, vault: FuzzedVault, roles: Map<string, string[]>) => {
    const [safe, accounts] = random.pick([...vault.safes]);
    const { id, name } = random.pick(accounts);
    hosts += 1;
    const host = `let-in-${hosts}`;
    const variable = `${safeBranch(lab.layout, 'l', safe)}/${variablePath(name, 'password')}`;
    await listening.server.load(
      `- !host ${host}\n- !permit {role: !host ${host}, privileges: [read, execute], resource: !variable ${JSON.stringify(variable)}}`,
    );
    roles.set(`l/${id}`, [...(roles.get(`l/${id}`) ?? []), `${listening.server.account}:host:${host}`]);
  };

  for (let seed = firstSeed; seed < firstSeed + series; seed += 1)
    it(`are made good by passes to which nothing happens (seed ${seed})`, async (t) => {
      const random = seededRandom(seed);
      const roles = new Map<string, string[]>();
      const vault = fuzzedVault(random, (id) => roles.has(`l/${id}`));
      const lab = await startPassLab(t, listening, Object.fromEntries(vault.safes));
      let directory = 'state';
      /** As in a term: until one pass of it went through, each looks at everything. */
      let takesOver = false;
      const pass = async (
        options: Partial<PassOptions>,
        settings: Partial<PassSettings> = {},
      ): Promise<PassOutcome> => {
        const outcome = await lab.pass(
          { takesOver, ...options },
          { stateFile: await open(), ...settings, removal },
        );
        if (outcome.stopped === null) takesOver = false;
        return outcome;
      };
      const open = () => openStateFile(join(lab.directory, directory), `${listening.url} ${lab.vault}`);
      const changes = (most: number): void => {
        for (let count = 1 + random.below(most); count > 0; count -= 1) vault.step();
        const ids = new Set([...vault.safes.values()].flat().map(({ id }) => `l/${id}`));
        for (const id of roles.keys()) if (!ids.has(id)) roles.delete(id);
      };
      /** One to which something happens; another synchronizer may make it. */
      const faulty = async (): Promise<void> => {
        if (random.chance(10)) {
          directory = directory === 'state' ? 'other' : 'state';
          takesOver = true;
        }
        const { settings } = faultyPass(lab.host, await open(), faultOf(random));
        lab.pam.misbehaviour = random.chance(4) ? random.pick(lies) : null;
        try {
          await pass({ full: random.chance(4) }, settings);
        } catch (error) {
          if (!isProblem(error)) throw error;
        } finally {
          lab.pam.misbehaviour = null;
        }
      };
      /** After it, or another two should it only find what to look at, the target is equal, and there is nothing to do. */
      const madeGood = async (where: string): Promise<void> => {
        vault.settle();
        let last = await pass({});
        for (let more = 0; more < 2 && last.failures.length > 0; more += 1) last = await pass({});
        assert.deepEqual([last.failures, last.stopped], [[], null], where);
        assert.deepEqual(await lab.differences(), [], where);
        const differ = await recordDifferences(lab.client, lab.layout, new Map([['l', vault.safes]]), roles);
        assert.deepEqual(differ, [], where);
        const quiet = await pass({});
        assert.deepEqual([quiet.created, quiet.written, quiet.removed], [[], [], []], where);
      };
      await madeGood(`seed ${seed}, at first`);
      for (let round = 1; round <= rounds; round += 1) {
        if (random.chance(2)) await letIn(random, lab, vault, roles);
        changes(4);
        await faulty();
        if (random.chance(2)) changes(3);
        if (random.chance(3)) await faulty();
        await madeGood(`seed ${seed}, round ${round}`);
      }
    });
});

/** In about every second pass something fails. */
function faultOf(random: Random): Fault {
  return {
    at: random.chance(2) ? 1 + random.below(random.pick([8, 40])) : Number.POSITIVE_INFINITY,
    counts: random.pick(['all', 'changes']),
    request: random.pick(['unsent', 'unanswered', 'answered']),
    ends: random.pick([
      'killed',
      'interrupted',
      random.pick(['api_unavailable', 'api_conflict', 'api_forbidden', 'api_unanswered']),
    ]),
  };
}

const lies: readonly Misbehaviour[] = [
  { kind: 'half' },
  { kind: 'empty' },
  { kind: 'fails', path: /Accounts$/u, times: 3 },
  { kind: 'fails', path: /7_\d*[2468]\/Password/u, times: 20 },
];
