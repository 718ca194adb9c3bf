import { readFileSync } from 'node:fs';
import { everythingOf, postmasterOf } from '../src/drill/faults/processes.ts';
import type { TargetNode } from '../src/drill/target.ts';
import { readProcess } from '../src/runtime/process-facts.ts';
import { peakRssMb } from './memory.ts';

/** The programs of a node, as far as they are told apart here. */
type Program = 'guardian' | 'agent' | 'worker' | 'keeper' | 'etcd' | 'data' | 'audit' | 'other';

const marks: readonly (readonly [Program, RegExp])[] = [
  ['guardian', /\bcli\/main\.[jt]s\0node\0/u],
  ['agent', /\bagent\/main\.[jt]s\0/u],
  ['worker', /\bserver\/main\.[jt]s\0/u],
  ['keeper', /\bserver\/keeper\/main\.[jt]s\0/u],
  ['etcd', /(^|\/)etcd\0/u],
];
const msPerTick = 10;

/** Of each program. */
export type Sums = Readonly<Record<string, number>>;

/**
 * The processor time that each program of a node has used so far, milliseconds. With that of children that have ended (proc(5),
 * fields 14 to 17 of `/proc/pid/stat`): sessions of PostgreSQL come and go, and their postmaster inherits it.
 */
export function cpuMsOf(node: TargetNode): Sums {
  const sums: Record<string, number> = {};
  for (const { pid, program } of programsOf(node)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '');
      const ticks = stat.split(' ').slice(11, 15);
      sums[program] = ticks.reduce((sum, each) => sum + Number(each) * msPerTick, sums[program] ?? 0);
    } catch {
      // it ended just now, and its parent has it
    }
  }
  return sums;
}

/** The most memory that each program written by us has had, megabytes. */
export function nodeMemoryMb(node: TargetNode): Sums {
  const ours: readonly Program[] = ['guardian', 'agent', 'worker', 'keeper'];
  const found = programsOf(node).filter(({ program }) => ours.includes(program));
  return Object.fromEntries(found.map(({ pid, program }) => [program, peakRssMb(pid)]));
}

function programsOf(node: TargetNode): readonly { readonly pid: number; readonly program: Program }[] {
  const postmasters = new Map(
    (['data', 'audit'] as const).map((instance) => [postmasterOf(node, instance)?.pid ?? -1, instance]),
  );
  return everythingOf(node).map(({ pid }) => {
    const parent = readProcess(pid)?.parent ?? -1;
    return { pid, program: postmasters.get(pid) ?? postmasters.get(parent) ?? programOf(pid) };
  });
}

function programOf(pid: number): Program {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return marks.find(([, mark]) => mark.test(words))?.[0] ?? 'other';
  } catch {
    return 'other';
  }
}
