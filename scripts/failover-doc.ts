/**
 * Writes `docs/failover.md` from the rules themselves.
 *
 * Usage: node scripts/failover-doc.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rulebook } from '../src/core/failover/decide.ts';

const root = new URL('..', import.meta.url);
export const failoverDocPath: string = fileURLToPath(new URL('docs/failover.md', root));

const introduction = `# Failover

<!-- Written by scripts/failover-doc.ts from the rules in src/core/failover: edit those, then run it. -->

A node decides what to do by one pure function: it looks at everything once, asks the rules below in order, and the
first that applies decides the turn. The rule's sentence is what the log, \`/health\` and \`holdfast status\` show.

## What is promised

1. **An acknowledged write is never lost** while the master or a confirmed synchronous standby of the current term
   survives. Where that cannot be kept, nobody is promoted, and the sentence says who is waited for. An operator may
   accept the loss by name.
2. **One writer.** At no moment do two nodes acknowledge writes, whatever is killed, stopped, cut off or delayed.
3. **A master answers nothing after its authority has run out.** Authority counts from the moment a beat was *sent*.
4. **The cluster heals by itself**, back to full redundancy, the failed master included.
5. **Followers go on serving reads** through all of it.

The promises are tested by a simulation (\`node scripts/simulate.ts\`): clusters that live through crashes, pauses,
partitions, lost and late transactions and clocks that run apart, with a judge that holds them to each promise; by
mutations, which take one safety measure away and must be noticed; and by the scenarios in
\`src/core/failover/scenarios\`, in which every rule below speaks at least once. On a running cluster [drills](drills.md)
test them: faults under load, and a checker of everything that the clients saw.

## How a failover goes

1. **The end of the master.** Either it is certain: the old master has seen every process of its instances dead and
   wrote \`released/<term>\`. Or the same beat was seen for a full ttl; by then the old master has fenced itself.
2. **The lock.** A node that holds every acknowledged write takes the promotion lock and deletes the leader key in one
   transaction, which compares the synchronous set and the beat: a beat that arrives later fails.
3. **Detaching.** The winner and the other standbys leave the old master: no write can be acknowledged with their help.
   If another standby has received more, the winner fetches that first, so that nobody need be rewound. Whoever could be
   the first standby is required from now on, besides a name that never connects.
4. **The claim.** One transaction moves the synchronous set to the new term: nobody confirmed, those who could
   acknowledge last kept as \`previous\`. The timelines of the term are planned here; no number is used twice.
5. **The promotion.** Both instances at once, with a name required that never connects: nothing can be acknowledged.
6. **The lead.** When both are up, one transaction replaces the lock by the leader key and the first beat.
7. **The first standby** catches up, is required by PostgreSQL, is confirmed in the store, and only then the other name
   is dropped and clients are let in. They may come before: from the claim on the winner's \`/health\` is good, and
   what they ask waits at its gate, two seconds at most, so that the load balancer's look at it comes no later than the
   standby. (Reads before that, where an operator accepted a loss: then nobody is left who
   could succeed this master without having what was read.)
8. **The others.** Who fits follows. The old master leaves machine and disk to its successor for a moment, where the
   others can do without it, and then starts as a standby. Who has more than the new master is rewound, or copied; while it may hold the last
   copy of every write, its directory is never touched in place.

Nobody ever starts an instance read-write. Whatever a node was, it starts as a standby of nobody, and the way to
mastership is always the same: the lock, the claim, \`pg_promote\` onto timelines of its own.

## The rules, in order

`;

const parts: Readonly<Record<string, string>> = {
  safety: 'Asked first, in every turn of every node.',
  'without the store': 'A candidate that holds nothing and gets no answer from the store.',
  leading: 'A node that holds the leader key. Every turn carries a beat when one is due.',
  promotion: 'A node that holds the promotion lock.',
  standby: 'A candidate or asynchronous standby that holds neither.',
  follower: 'A follower, with or without the store.',
};

/** The page as it should be. */
export function failoverDoc(): string {
  const sections = Object.entries(parts).map(([part, about]) => {
    const rows = rulebook()
      .filter((rule) => rule.part === part)
      .map((rule) => `| \`${rule.id}\` | ${rule.about.replaceAll('|', '\\|')} |`);
    return `### ${part[0]?.toUpperCase()}${part.slice(1)}\n\n${about}\n\n| rule | when it applies, what it does |\n|---|---|\n${rows.join('\n')}\n`;
  });
  return `${introduction}${sections.join('\n')}\n## Times\n\n${times()}`;
}

/** The constants with their comments, and the margin for two ttls. */
function times(): string {
  const source = readFileSync(new URL('src/core/failover/timing.ts', root), 'utf8');
  const constants = source.matchAll(/\/\*\* ([^*]+) \*\/\nexport const (\w+) = ([\d_]+);/gu);
  const rows = Array.from(constants, ([, about, name = '', value = '']) => {
    const unit = name.endsWith('Seconds') ? 's' : 'ms';
    return `| \`${name}\` | ${Number(value.replaceAll('_', ''))} ${unit} | ${about} |`;
  });
  const margin =
    'Authority ends a margin before the cluster may act on silence: the larger of 200 ms and a tenth of the ttl. It covers\nan immediate stop and clocks that run apart. A holder counts the larger of its two monotonic clocks, a waiting node\nthe smaller; the wall clock decides nothing.';
  return `${margin}\n\n| constant | value | what it bounds |\n|---|---|---|\n${rows.join('\n')}\n`;
}

if (import.meta.main) writeFileSync(failoverDocPath, failoverDoc());
