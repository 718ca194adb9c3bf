import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileAtomically } from '../../runtime/files.ts';
import type { Endpoint, TargetNode } from '../target.ts';
import { type Fault, nodeNamed, type Scene } from './fault.ts';
import { synchronousStandby } from './kills.ts';
import { postmasterOf } from './processes.ts';

const hour = 3600;
const master = ({ status }: Scene): string | null => status.master;

/** Faults of wall clocks, for three ttl. They need a demo whose nodes have clocks of their own. */
export const clocks: readonly Fault[] = [
  jump('clock-ahead-master', 'the wall clock of the master jumps an hour ahead', master, hour),
  jump('clock-behind-master', 'the wall clock of the master jumps back an hour', master, -hour),
  jump(
    'clock-ahead-standby',
    'the wall clock of the synchronous standby jumps an hour ahead',
    synchronousStandby,
    hour,
  ),
  jump(
    'clock-behind-standby',
    'the wall clock of the synchronous standby jumps back an hour',
    synchronousStandby,
    -hour,
  ),
];

const effectMs = 10_000;
const askMs = 1000;
const lookMs = 100;
/** Between a node's clock and the machine's: the header has whole seconds, and is up to one old. */
const toleranceSeconds = 5;

function jump(name: string, about: string, whose: (scene: Scene) => string | null, seconds: number): Fault {
  return {
    name,
    about: `${about}, and after three ttl to where it was`,
    lastsTtls: 3,
    keepsMaster: true,
    hindrance: async (target) =>
      (await target.nodes()).some(({ clock }) => clock === null)
        ? 'The nodes of this demo share the clock of the machine; start it with: npm run demo -- --fake-clocks'
        : null,
    strike: async (scene) => {
      const node = await nodeNamed(scene.target, whose(scene));
      await setClock(node, seconds);
      return {
        targets: [node.name],
        takesEffect: async () => {
          const giveUpAt = performance.now() + effectMs;
          while (!(await isOff(node, seconds))) {
            if (performance.now() > giveUpAt) return false;
            await sleep(lookMs);
          }
          return true;
        },
        undo: () => setClock(node, 0),
      };
    },
  };
}

async function setClock({ name, clock }: TargetNode, seconds: number): Promise<void> {
  if (clock === null) throw new Error(`${name} has no clock of its own`);
  const sign = seconds < 0 ? '-' : '+';
  const text = `${sign}${Math.abs(seconds)}s\n`;
  await writeFileAtomically(clock, text, { mode: 0o644, durable: false });
}

/** The API says so, and both of PostgreSQL's servers have the library loaded that says so to the API. */
async function isOff(node: TargetNode, seconds: number): Promise<boolean> {
  if (!isFaked(node, 'data') || !isFaked(node, 'audit')) return false;
  const ahead = await secondsAhead(node.api);
  return ahead !== null && Math.abs(ahead - seconds) <= toleranceSeconds;
}

function isFaked(node: TargetNode, instance: 'data' | 'audit'): boolean {
  const postmaster = postmasterOf(node, instance);
  if (postmaster === null) return false;
  try {
    return readFileSync(`/proc/${postmaster.pid}/maps`, 'utf8').includes('libfaketime');
  } catch {
    return false; // it ended meanwhile
  }
}

/** What a node's `Date` (RFC 9110, section 6.6.1) is ahead of this machine; null: it does not answer. */
function secondsAhead({ url, ca }: Endpoint): Promise<number | null> {
  return new Promise((resolve) => {
    const sent = request(
      new URL('/health', url),
      { ca, agent: false, signal: AbortSignal.timeout(askMs) },
      (response) => {
        response.resume();
        const said = Date.parse(response.headers.date ?? '');
        resolve(Number.isNaN(said) ? null : (said - Date.now()) / 1000);
      },
    );
    sent.on('error', () => resolve(null));
    sent.end();
  });
}
