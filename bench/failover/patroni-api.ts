import type { PatroniPlan } from './patroni-files.ts';

/** What Patroni's `/cluster` says of a member. */
export interface SeenMember {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly lag?: number | string;
}

const askMs = 3000;
const switchoverMs = 120_000;

/** The members, as whichever node answers first sees them. @throws Error when none answers */
export async function seenMembers({ nodes }: PatroniPlan): Promise<readonly SeenMember[]> {
  const asked = nodes.map(async ({ restPort }) => {
    const answer = await fetch(`http://127.0.0.1:${restPort}/cluster`, {
      signal: AbortSignal.timeout(askMs),
    });
    const { members }: { readonly members?: readonly SeenMember[] } = JSON.parse(await answer.text());
    return members ?? [];
  });
  return Promise.any(asked);
}

/** The leader where every member is as it should be; else null. */
export function leaderOfWhole(members: readonly SeenMember[], count: number): string | null {
  const leader = members.find(({ role }) => role === 'leader');
  const followers = members.filter(({ role, lag }) => role !== 'leader' && lag === 0);
  const isGood =
    followers.length === count - 1 &&
    members.every(({ state }) => state === 'running' || state === 'streaming') &&
    members.some(({ role }) => role === 'sync_standby');
  return isGood ? (leader?.name ?? null) : null;
}

/**
 * What `patronictl switchover --force` asks for, without the start of a Python. The old leader may end the connection before it
 * answers: who leads is asked when the cluster is whole again.
 *
 * @throws Error when it is refused
 */
export async function switchover({ nodes, password }: PatroniPlan, leader: string): Promise<void> {
  const restPort = nodes.find(({ name }) => name === leader)?.restPort ?? 0;
  const answer = await fetch(`http://127.0.0.1:${restPort}/switchover`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`race:${password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ leader }),
    signal: AbortSignal.timeout(switchoverMs),
  }).catch(() => null);
  if (answer !== null && !answer.ok) throw new Error(`switchover: ${answer.status} ${await answer.text()}`);
}
