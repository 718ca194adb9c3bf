import { Problem } from '../../core/problem.ts';
import { describeElection, type ElectionSettings } from '../settings/settings.ts';

/** The service entries that the elections of this process have found for their own, all at the same agent. */
export interface Entries {
  /** @throws Problem `config_invalid` when another election has found the same entry */
  readonly claim: (serviceId: string, election: ElectionSettings) => void;
}

/**
 * An entry belongs to one election: Consul's entry has one `Meta.session`, and whoever asks who leads looks for the session
 * of the leader there. Two queries may mean the same entry (an id, and a name with a port), which only the agent knows.
 */
export function createEntries(): Entries {
  const owners = new Map<string, ElectionSettings>();
  return {
    claim: (serviceId, election) => {
      const owner = owners.get(serviceId);
      if (owner === undefined) owners.set(serviceId, election);
      else throw new Problem('config_invalid', sharedEntry(serviceId, owner, election));
    },
  };
}

function sharedEntry(serviceId: string, one: ElectionSettings, other: ElectionSettings): string {
  return `elections: ${describeElection(one)} and ${describeElection(other)} mean the same service entry, "${serviceId}", and would undo each other's Meta.session. Register a service for each, and name it with serviceId.`;
}
