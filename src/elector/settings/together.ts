import type { ServiceQuery } from '../consul/service.ts';
import type { Faults } from './reader.ts';
import { describeElection, type ElectionSettings } from './settings.ts';

/** What elections of one process must not share, as far as their settings tell: a key, and a service entry. */
export function checkTogether(elections: readonly ElectionSettings[], faults: Faults): void {
  const key = firstPair(elections, (one) => one.key);
  if (key !== null) {
    faults.add(`elections: two of them have the key ${key[0].key}. Each needs its own.`);
    return;
  }
  const entry = firstPair(elections, ({ service }) => meaning(service));
  if (entry === null) return;
  const [one, other] = entry.map(describeElection);
  faults.add(
    `elections: ${one} and ${other} mark the same service entry, and would undo each other's Meta.session. Register a service for each, and name it with serviceId.`,
  );
}

/** Equal for two queries that certainly find the same entry; others may do so, too, as the agent will tell. */
function meaning({ id, allocId, name, port }: ServiceQuery): string {
  return JSON.stringify(id === null ? [allocId, name, port] : [id]);
}

function firstPair(
  elections: readonly ElectionSettings[],
  by: (election: ElectionSettings) => string,
): readonly [ElectionSettings, ElectionSettings] | null {
  const firsts = new Map<string, ElectionSettings>();
  for (const election of elections) {
    const first = firsts.get(by(election));
    if (first !== undefined) return [first, election];
    firsts.set(by(election), election);
  }
  return null;
}
