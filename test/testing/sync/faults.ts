import { setTimeout as pause } from 'node:timers/promises';
import type { ConjurClient } from '../../../src/client/client.ts';
import { showResource } from '../../../src/client/resources.ts';
import { readSecretBytes } from '../../../src/client/secrets.ts';
import { type Random, seededRandom } from '../../../src/core/random.ts';
import { safeBranch, variablePath } from '../../../src/core/sync/layout.ts';
import { differences } from '../../../src/synchronizer/testing/compare.ts';
import { until } from '../demo-cluster.ts';
import { postmasterPid } from '../processes.ts';
import { markedAccount } from './churn.ts';
import type { Member } from './member.ts';
import { readTrail } from './read-trail.ts';
import { type Scene, startScene } from './scene.ts';
import { checkTrail } from './trail-check.ts';

export interface FaultRun {
  readonly seed: number;
  readonly faults: number;
  /** 1: it is the only one, and there is no election. */
  readonly members: number;
  readonly tell: (line: string) => void;
}

export interface FaultReport {
  /** Promises that were broken, with the round and its fault. */
  readonly broken: readonly string[];
  readonly changes: number;
  /** Accepted writes below the vault's branch, and terms that made them. */
  readonly writes: number;
  readonly terms: number;
  /** From the end of a fault until a change that was made then was in the target. */
  readonly longestMs: number;
  /** From the last change until the target was equal to the source. */
  readonly settledMs: number;
}

const leaseSeconds = 10;
const leaseMs = leaseSeconds * 1000;
/** After all is mended: a lease that has to run out, a take-over, and passes on a machine that does other things. */
const backMs = leaseMs + 35_000;
const settleMs = 60_000;
const wholeMs = 120_000;
const churnEveryMs = 150;

const kinds = ['kill', 'stop', 'late term', 'partition', 'failover'] as const;
type Kind = (typeof kinds)[number];

/**
 * Synchronizers on a real cluster and a vault that never stands still, one fault after the other. Afterwards the audit trail tells
 * who wrote when, and the target must be equal to the source.
 */
export async function runFaults({ seed, faults, members, tell }: FaultRun): Promise<FaultReport> {
  const random = seededRandom(seed);
  const broken: string[] = [];
  let isOver = false;
  const scene = await startScene({
    seed,
    members,
    leaseSeconds: members === 1 ? null : leaseSeconds,
    onDeath: (member, how) => {
      if (!isOver) broken.push(`${member} ended by itself (${how})`);
    },
  });
  try {
    const { vault } = scene;
    for (const member of scene.members) member.start();
    await brought(scene, 'from the beginning', backMs);
    vault.start(churnEveryMs);
    let longestMs = 0;
    for (let round = 1; round <= faults; round += 1) {
      const kind = random.pick(kinds);
      const leader = await leaderOf(scene);
      const victim = leader !== null && !random.chance(4) ? leader : random.pick(scene.members);
      const what = `round ${round}, ${kind}`;
      const mending = performance.now();
      await strike(kind, { scene, victim, random });
      const mendedAt = performance.now();
      try {
        const tookMs = await brought(scene, `round ${round}`, backMs);
        longestMs = Math.max(longestMs, tookMs);
        tell(
          `${what}: ${victim.name}${victim === leader ? ', the leader' : ''}, ${seconds(mendedAt - mending)}; back after ${seconds(tookMs)}`,
        );
      } catch {
        broken.push(`${what}, ${victim.name}: nothing arrives ${seconds(backMs)} after all was mended`);
        for (const member of scene.members) tell(`--- ${member.name}\n${member.log(3000)}`);
        break;
      }
      await scene.demo.whole(wholeMs);
    }
    vault.stop();
    const stillAt = performance.now();
    broken.push(...(await settled(scene)).map((line) => `at the end ${line}`));
    const settledMs = performance.now() - stillAt;
    isOver = true;
    const places = { account: scene.demo.file.account, vault: scene.layout.vault };
    const verdict = checkTrail(await readTrail(scene.demo), places);
    if (members > 1) broken.push(...verdict.broken);
    const { writes, terms } = verdict;
    return { broken, changes: vault.changes(), writes, terms, longestMs, settledMs };
  } finally {
    isOver = true;
    await scene.stop();
  }
}

interface Blow {
  readonly scene: Scene;
  readonly victim: Member;
  readonly random: Random;
}

/** Does harm for a while, and mends it. */
async function strike(kind: Kind, { scene, victim, random }: Blow): Promise<void> {
  scene.vault.burst(10 + random.below(30));
  await pause(random.below(1500)); // somewhere in a pass
  switch (kind) {
    case 'kill':
      await victim.kill();
      await pause(random.below(leaseMs));
      victim.start();
      return;
    case 'stop':
      victim.signal('SIGSTOP');
      await pause(leaseMs + random.below(4000));
      victim.signal('SIGCONT');
      return;
    case 'late term': {
      victim.signal('SIGSTOP');
      await pause(random.below(leaseMs + 4000));
      const end = victim.ended(30_000);
      victim.signal('SIGTERM');
      await pause(random.below(2000));
      victim.signal('SIGCONT');
      const how = await end;
      if (how !== 0) throw new Error(`${victim.name} ended with ${how} after SIGTERM`);
      victim.start();
      return;
    }
    case 'partition':
      victim.way.cut();
      await pause(500 + random.below(leaseMs + 4000));
      victim.way.mend();
      return;
    case 'failover': {
      const { demo } = scene;
      const old = demo.master;
      if (old === undefined) throw new Error('there is no master');
      process.kill(postmasterPid(old.dataDir), 'SIGKILL');
      await until(30_000, 'another master', () => {
        const now = demo.master?.name;
        return now !== undefined && now !== old.name ? true : null;
      });
      return;
    }
  }
}

/** Who leads by what the API shows to everybody; null: nobody, or it cannot be asked just now. */
async function leaderOf({ admin, members }: Scene): Promise<Member | null> {
  if (members.length === 1) return members[0] ?? null;
  const identifier = 'conjur/vault-synchronizer/leader/current-leader';
  const record = await showResource(admin, { kind: 'host', identifier }).catch(() => null);
  const text = JSON.stringify(record?.['annotations'] ?? []);
  return members.find(({ name }) => text.includes(`"${name}"`)) ?? null;
}

/** Changes an account now, and waits until the target has it. */
async function brought({ vault, admin, layout }: Scene, word: string, withinMs: number): Promise<number> {
  const begun = performance.now();
  const { lob, safe, name } = markedAccount;
  const id = `${safeBranch(layout, lob, `${safe} of ${lob}`)}/${variablePath(name, 'password')}`;
  vault.mark(word);
  await until(withinMs, 'a change is brought over', async () =>
    (await textOf(admin, id)) === word ? true : null,
  );
  return performance.now() - begun;
}

async function textOf(admin: ConjurClient, id: string): Promise<string | null> {
  const value = (await readSecretBytes(admin, [id]).catch(() => null))?.get(id) ?? null;
  return value === null ? null : new TextDecoder().decode(value.reveal());
}

/** Nothing changes any more: how the target still differs from the source after a while. */
async function settled({ vault, admin, layout }: Scene): Promise<readonly string[]> {
  let last: readonly string[] = ['the target cannot be read'];
  await until(settleMs, 'the target is equal to the source', async () => {
    last = await differences(admin, layout, vault.lobs()).catch(() => last);
    return last.length === 0 ? true : null;
  }).catch(() => undefined);
  return last;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
