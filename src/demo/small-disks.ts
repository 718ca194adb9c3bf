import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Problem } from '../core/problem.ts';
import { readFileIfThere } from '../runtime/files.ts';
import { runCommand, runCommandOk } from '../runtime/run-command.ts';
import type { DemoPlan } from './plan.ts';
import { childEnvironment } from './product.ts';

const commandMs = 10_000;
/** How long a file system may be in use after the last process on it was ended, in milliseconds. */
const leaveMs = 5_000;

/** @throws Problem `usage` when this process may not mount file systems */
export function requireSmallDisks(): void {
  if (process.platform === 'linux' && process.getuid?.() === 0) return;
  throw new Problem(
    'usage',
    '--small-disks: only root on Linux mounts file systems. Start it as root, or leave the option out: then all nodes share the disk of the machine.',
  );
}

/**
 * Mounts a small file system in memory (tmpfs) for each node, empty. Nothing is done for a demo without small disks.
 *
 * @throws Problem `command_failed`; `unmountDisks` takes away what was mounted until then
 */
export async function mountDisks(plan: DemoPlan): Promise<void> {
  const { diskMegabytes } = plan.shape;
  if (diskMegabytes === null) return;
  await unmountDisks(plan);
  for (const { dir, log } of plan.nodes) {
    await mkdir(dirname(log), { recursive: true, mode: 0o700 });
    await mkdir(dir, { recursive: true, mode: 0o711 });
    const options = `size=${diskMegabytes}m,mode=0711`;
    await commandOk(['mount', '-t', 'tmpfs', '-o', options, 'holdfast-demo', dir]);
  }
}

/**
 * Takes away the file systems of a demo, with all that is on them. Nothing there: no failure.
 *
 * @throws Problem `command_failed` that names what is left
 */
export async function unmountDisks({ nodes }: DemoPlan): Promise<void> {
  const deadline = performance.now() + leaveMs;
  const mine = new Set(nodes.map(({ dir }) => dir));
  for (;;) {
    const left = (await mountPoints()).filter((dir) => mine.has(dir));
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      throw new Problem(
        'command_failed',
        `File systems could not be unmounted: ${left.join(', ')}. Take them away by hand: umount DIR`,
      );
    }
    for (const dir of left) await runCommand(['umount', dir], commandOptions());
    await wait(50);
  }
}

/** Where something is mounted: proc(5), /proc/self/mounts, in which a blank is written as \040. */
async function mountPoints(): Promise<readonly string[]> {
  const text = (await readFileIfThere('/proc/self/mounts')) ?? '';
  return text
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .map((word) =>
      word.replace(/\\(\d{3})/gu, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    );
}

async function commandOk(argv: readonly string[]): Promise<void> {
  await runCommandOk(argv, commandOptions());
}

function commandOptions(): { readonly timeoutMs: number; readonly env: Readonly<Record<string, string>> } {
  return { timeoutMs: commandMs, env: childEnvironment() };
}
