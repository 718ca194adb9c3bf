import { setTimeout as pause } from 'node:timers/promises';
import type { ConjurClient } from '../../../src/client/client.ts';
import { loadPolicy } from '../../../src/client/policies.ts';
import { showResource } from '../../../src/client/resources.ts';
import { readSecretBytes } from '../../../src/client/secrets.ts';
import { type Random, seededRandom } from '../../../src/core/random.ts';
import { safeBranch, variablePath } from '../../../src/core/sync/layout.ts';
import { differences } from '../../../src/synchronizer/testing/compare.ts';
import { type LetIn, recordDifferences } from '../../../src/synchronizer/testing/compare-records.ts';
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
  /** Ends the run after the fault that is under way. */
  readonly signal?: AbortSignal;
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
/** With a change each time, a leader makes a pass each second. */
const passWithinMs = 4000;
/** From SIGTERM until a synchronizer has given the lead up and ended. */
const endMs = 30_000;

const kinds = ['kill', 'stop', 'late term', 'partition', 'failover'] as const;
type Kind = (typeof kinds)[number];

/**
 * Synchronizers on a real cluster and a vault that never stands still, one fault after the other. Afterwards the audit trail tells
 * who wrote when, and the target must be equal to the source.
 */
export async function runFaults({ seed, faults, members, tell, signal }: FaultRun): Promise<FaultReport> {
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
    const letIn = await letInToShared(scene);
    vault.start(churnEveryMs);
    let longestMs = 0;
    for (let round = 1; round <= faults; round += 1) {
      if (signal?.aborted === true) break;
      const leader = await leaderOf(scene);
      const blows = drawBlows(random, scene.members, leader);
      const what = `round ${round}: ${blows.map((blow) => wordsOf(blow, leader)).join(', and ')}`;
      const begun = performance.now();
      vault.burst(10 + random.below(30));
      if (!random.chance(4)) await midPass(scene);
      await Promise.all(blows.map((blow) => strike(blow, scene)));
      const mendedAt = performance.now();
      try {
        const tookMs = await brought(scene, `round ${round}`, backMs);
        longestMs = Math.max(longestMs, tookMs);
        tell(`${what}; ${seconds(mendedAt - begun)}, back after ${seconds(tookMs)}`);
      } catch {
        broken.push(`${what}; nothing arrives ${seconds(backMs)} after all was mended`);
        for (const member of scene.members) tell(`--- ${member.name}\n${member.log(3000)}`);
        break;
      }
      await scene.demo.whole(wholeMs);
    }
    vault.stop();
    const stillAt = performance.now();
    broken.push(...(await settled(scene, letIn)).map((line) => `at the end ${line}`));
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
  readonly kind: Kind;
  readonly victim: Member;
  /** How long each part of it takes, milliseconds; drawn before anything happens, so that a seed draws the same whatever happens. */
  readonly waitsMs: readonly [number, number];
}

/** One fault, of the leader more often than not; now and then two at once, of two of them. */
function drawBlows(random: Random, members: readonly Member[], leader: Member | null): readonly Blow[] {
  const [kind, other] = [random.pick(kinds), random.pick(kinds)];
  const draw = (): Blow['waitsMs'] => [random.below(1000), random.below(1000)];
  const [first, second] = [draw(), draw()];
  const [someone, isAnybody] = [random.pick(members), random.chance(4)];
  const victim = isAnybody ? someone : (leader ?? someone);
  const next = members[(members.indexOf(victim) + 1) % members.length];
  const isDouble = random.chance(4) && other !== kind && next !== undefined && next !== victim;
  return [
    { kind, victim, waitsMs: first },
    ...(isDouble ? [{ kind: other, victim: next, waitsMs: second }] : []),
  ];
}

function wordsOf({ kind, victim }: Blow, leader: Member | null): string {
  return kind === 'failover' ? kind : `${kind} of ${victim.name}${victim === leader ? ', the leader' : ''}`;
}

/** Waits until a pass reads values, if one does. */
async function midPass({ pam }: Scene): Promise<void> {
  const seen = Promise.withResolvers<void>();
  pam.onAsked = (line) => {
    if (line.endsWith('/Retrieve')) seen.resolve();
  };
  await Promise.race([seen.promise, pause(passWithinMs)]);
  pam.onAsked = () => undefined;
}

/** Does harm for a while, and mends it. */
async function strike({ kind, victim, waitsMs: [first, second] }: Blow, { demo }: Scene): Promise<void> {
  // Thousandths of what a wait may be at most.
  const upTo = (mostMs: number, part: number): Promise<void> => pause((mostMs * part) / 1000);
  switch (kind) {
    case 'kill':
      await victim.kill();
      await upTo(leaseMs, first);
      victim.start();
      return;
    case 'stop':
      victim.signal('SIGSTOP');
      await pause(leaseMs);
      await upTo(4000, first);
      victim.signal('SIGCONT');
      return;
    case 'late term': {
      victim.signal('SIGSTOP');
      await upTo(leaseMs + 4000, first);
      const end = victim.ended(endMs);
      victim.signal('SIGTERM');
      await upTo(2000, second);
      victim.signal('SIGCONT');
      const how = await end;
      if (how !== 0) throw new Error(`${victim.name} ended with ${how} after SIGTERM`);
      victim.start();
      return;
    }
    case 'partition':
      victim.way.cut();
      await pause(500);
      await upTo(leaseMs + 4000, first);
      victim.way.mend();
      return;
    case 'failover': {
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

/** Lets a host of its own in to the password of each shared account, as people do: in a policy above the vault's. */
async function letInToShared({ vault, admin, layout, demo }: Scene): Promise<LetIn> {
  await until(settleMs, 'the first pass is through', async () =>
    (await differences(admin, layout, vault.lobs())).length === 0 ? true : null,
  );
  const hosts = vault.shared().map(({ lob, safe, id, name }, at) => ({
    key: `${lob}/${id}`,
    host: `app-${at + 1}`,
    variable: `${safeBranch(layout, lob, safe)}/${variablePath(name, 'password')}`,
  }));
  const text = hosts.map(
    ({ host, variable }) =>
      `- !host ${host}\n- !permit {role: !host ${host}, privileges: [read, execute], resource: !variable '${variable}'}`,
  );
  await loadPolicy(admin, { branch: 'root', mode: 'load', text: text.join('\n') });
  return new Map(hosts.map(({ key, host }) => [key, [`${demo.file.account}:host:${host}`]]));
}

async function textOf(admin: ConjurClient, id: string): Promise<string | null> {
  const value = (await readSecretBytes(admin, [id]).catch(() => null))?.get(id) ?? null;
  return value === null ? null : new TextDecoder().decode(value.reveal());
}

/** Nothing changes any more: how the target still differs from the source after a while. */
async function settled({ vault, admin, layout }: Scene, letIn: LetIn): Promise<readonly string[]> {
  let last: readonly string[] = ['the target cannot be read'];
  await until(settleMs, 'the target is equal to the source', async () => {
    last = await Promise.all([
      differences(admin, layout, vault.lobs()),
      recordDifferences(admin, layout, vault.lobs(), letIn),
    ]).then(
      (found) => found.flat(),
      () => last,
    );
    return last.length === 0 ? true : null;
  }).catch(() => undefined);
  return last;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
