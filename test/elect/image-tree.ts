import { cp, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runCommandOk } from '../../src/runtime/run-command.ts';
import type { Instruction, Stage } from './containerfile.ts';

/** What an image would start, with its files where they were built. */
export interface ImageTree {
  /** The directory that stands for the image's root. */
  readonly root: string;
  /** The entry point, with paths of the image made paths of this machine. */
  readonly command: readonly string[];
}

const runTimeoutMs = 5 * 60_000;

/**
 * Does what a builder would do, without a container: each stage is a directory that stands for its root, commands run in
 * its working directory with this machine's programs, files are copied. What it cannot show is the base image.
 */
export async function buildImageTree(
  stages: readonly Stage[],
  context: string,
  dir: string,
): Promise<ImageTree> {
  const roots = new Map<string, string>();
  let last: ImageTree = { root: dir, command: [] };
  for (const [index, stage] of stages.entries()) {
    const root = join(dir, `stage-${index}`);
    if (stage.name !== null) roots.set(stage.name, root);
    last = await buildStage(stage, root, (name) =>
      name === undefined ? context : (roots.get(name) ?? null),
    );
  }
  return last;
}

async function buildStage(
  stage: Stage,
  root: string,
  sourceRoot: (from: string | undefined) => string | null,
): Promise<ImageTree> {
  let workdir = root;
  let command: readonly string[] = [];
  await mkdir(root, { recursive: true });
  for (const instruction of stage.instructions) {
    const { name, words } = instruction;
    if (name === 'WORKDIR') {
      workdir = join(root, words[0] ?? '');
      await mkdir(workdir, { recursive: true });
    }
    if (name === 'COPY') await copy(instruction, root, workdir, sourceRoot(instruction.flags['from']));
    if (name === 'RUN') {
      await runCommandOk(['sh', '-c', words.join(' ')], {
        timeoutMs: runTimeoutMs,
        cwd: workdir,
        env: ourEnvironment(),
      });
    }
    if (name === 'ENTRYPOINT')
      command = words.map((word) => (word.startsWith('/') ? join(root, word) : word));
  }
  return { root, command };
}

/** npm is told by it where packages come from. */
function ourEnvironment(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Files go into the directory; what a directory holds goes into the target, as COPY does. */
async function copy(
  { words, line }: Instruction,
  root: string,
  workdir: string,
  source: string | null,
): Promise<void> {
  if (source === null) throw new Error(`Containerfile, line ${line}: --from names no stage above`);
  const target = words.at(-1) ?? '';
  const to = target.startsWith('/') ? join(root, target) : join(workdir, target);
  for (const word of words.slice(0, -1)) {
    const into = target.endsWith('/') ? join(to, basename(word)) : to;
    await cp(join(source, word), into, { recursive: true });
  }
}
