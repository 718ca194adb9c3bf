import { ReadFault, type YamlNode } from './read-yaml-node.ts';

/** Characters that a text may stand for once its aliases are written out: four times the longest text. */
const maxCharacters = 64_000_000;

/** A tree with its aliases written out. */
interface Extent {
  /** Levels of lists and maps. */
  readonly height: number;
  readonly characters: number;
}

/**
 * Refuses a tree that is deeper or longer than a text may be when each alias counts as what its anchor names: a few letters
 * can stand for a tower that no recursion climbs, or for more text than there is memory. Looks at each node once, and does
 * not recurse itself. Throws ReadFault.
 *
 * @param maxDepth levels of lists and maps within each other
 */
export function refuseAliasBombs(root: YamlNode, maxDepth: number): void {
  const extents = new Map<YamlNode, Extent>();
  const open = [root];
  for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
    const before = open.length;
    for (const child of extents.has(node) ? [] : childrenOf(node)) {
      if (child.type !== 'scalar' && !extents.has(child)) open.push(child);
    }
    if (open.length > before) continue;
    open.pop();
    if (extents.has(node)) continue;
    const extent = extentOf(node, extents);
    // The outermost list is at depth 0, as everywhere.
    if (extent.height > maxDepth + 1) {
      throw new ReadFault(`Aliases nest lists and maps more than ${maxDepth} deep`, node.at);
    }
    if (extent.characters > maxCharacters) {
      throw new ReadFault(
        `Aliases repeat more than ${maxCharacters} characters; write less into one text`,
        node.at,
      );
    }
    extents.set(node, extent);
  }
}

function childrenOf(node: YamlNode): readonly YamlNode[] {
  if (node.type === 'sequence') return node.items;
  return node.type === 'mapping' ? node.entries.map(({ value }) => value) : [];
}

/** Of a node whose lists and maps are known. */
function extentOf(node: YamlNode, extents: ReadonlyMap<YamlNode, Extent>): Extent {
  if (node.type === 'scalar') return { height: 0, characters: node.text.length };
  let height = 0;
  let characters = 0;
  if (node.type === 'mapping') for (const { key } of node.entries) characters += key.length;
  for (const child of childrenOf(node)) {
    const inner = extents.get(child);
    height = Math.max(height, inner?.height ?? 0);
    characters += child.type === 'scalar' ? child.text.length : (inner?.characters ?? 0);
  }
  return { height: height + 1, characters };
}
