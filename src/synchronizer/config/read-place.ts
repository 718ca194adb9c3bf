import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { Problem } from '../../core/problem.ts';
import type { Layout } from '../../core/sync/layout.ts';

/** What is read of a configuration to look at a synchronizer, or to stop it. */
export interface SyncPlace {
  readonly stateDirectory: string;
  readonly layout: Layout;
  /** Several take turns, as far as the configuration can be read. */
  readonly takesPart: boolean;
}

/**
 * Where a synchronizer keeps what it remembers. Whoever wants to know why nothing works, or to have it rest, can do so with a
 * configuration that has faults elsewhere.
 *
 * @throws Problem `config_invalid` when the file cannot be read, or names no directory
 */
export async function readPlace(path: string): Promise<SyncPlace> {
  const absolute = resolve(path);
  const refuse = (why: string): Problem => new Problem('config_invalid', `${absolute}: ${why}`);
  const text = await readFile(absolute, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    throw new Problem('config_invalid', `--config: ${absolute} cannot be read (${code}).`);
  });
  const document = parseDocument(text);
  const field = (name: string): string | null => {
    const value: unknown = document.has(name) ? document.get(name) : null;
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const directory = isMapping(document.contents) ? field('stateDirectory') : null;
  if (directory === null)
    throw refuse('stateDirectory: it is missing, or no text; without it nobody knows where to look.');
  return {
    stateDirectory: isAbsolute(directory) ? directory : join(dirname(absolute), directory),
    layout: { base: field('branch') ?? 'root', vault: field('vault') ?? '' },
    takesPart: document.has('election'),
  };
}

function isMapping(contents: unknown): boolean {
  return typeof contents === 'object' && contents !== null && 'items' in contents && 'has' in contents;
}
