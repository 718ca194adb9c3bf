import type { LiveNode } from './demo-file.ts';

const nouns = { master: 'the master', standby: 'a standby', follower: 'a follower' } as const;

/** What a person who watches wants to know between two looks at the nodes: a sentence for each that changed. */
export function newsOf(
  before: ReadonlyMap<string, LiveNode>,
  now: ReadonlyMap<string, LiveNode>,
): readonly string[] {
  return Array.from(now).flatMap(([name, node]) => {
    const earlier = before.get(name);
    if (earlier === undefined) return [];
    const restarted = node.processGroup !== earlier.processGroup ? [`${name} is started again`] : [];
    if (node.role === earlier.role) return restarted;
    return [...restarted, node.role === 'down' ? `${name} is down` : `${name} is ${nouns[node.role]}`];
  });
}
