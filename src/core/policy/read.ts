import { itemsOf } from './read-fields.ts';
import { type Reading, readStatement } from './read-statements.ts';
import { writtenTags } from './read-tags.ts';
import { readYaml } from './read-yaml.ts';
import { ReadFault } from './read-yaml-node.ts';
import type { PolicyFault, Statement } from './types.ts';

export type PolicyReading =
  | { readonly ok: true; readonly statements: readonly Statement[] }
  | { readonly ok: false; readonly fault: PolicyFault };

/**
 * Reads a policy text: one YAML document whose root is a list of statements. Empty text is no statements. The first fault
 * ends the reading; it carries the place to look at.
 */
export function readPolicy(text: string): PolicyReading {
  try {
    const root = readYaml(text, writtenTags);
    if (root === null) return { ok: true, statements: [] };
    if (root.type !== 'sequence') {
      throw new ReadFault(
        `Unexpected ${root.type}: a policy is a list of statements, each behind a dash`,
        root.at,
      );
    }
    const reading: Reading = { budget: { items: 0 }, records: new Map(), statement: readStatement };
    const statements = itemsOf(root, reading.budget).map((node) => readStatement(node, reading));
    return { ok: true, statements };
  } catch (error) {
    if (error instanceof ReadFault) return { ok: false, fault: error.fault };
    throw error;
  }
}
