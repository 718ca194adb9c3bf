import type { ClusterState, LeaderRecord } from '../core/failover/cluster-state.ts';
import { Problem } from '../core/problem.ts';

/**
 * Follows a hand-over through the states that are seen, some of which may be skipped: tells each step once, and answers who
 * leads when the new master has a confirmed standby (null until then).
 *
 * @throws Problem `operation_refused` when the master gave it up
 */
export function newMilestones(
  before: Pick<LeaderRecord, 'name' | 'term'>,
  tell: (sentence: string) => void,
): (state: ClusterState) => { readonly to: string; readonly term: number } | null {
  const told = new Set<string>();
  const once = (sentence: string): void => {
    if (told.has(sentence)) return;
    told.add(sentence);
    tell(sentence);
  };
  once(`${before.name} was asked to hand over`);
  return (state) => {
    const { leader, promotion, sync, released } = state;
    const end = released.find(({ term }) => term === before.term);
    if (
      sync.value.term === before.term &&
      end === undefined &&
      state.switchover === null &&
      leader !== null
    ) {
      const because = state.members.get(before.name)?.value.because ?? 'it does not say why';
      throw new Problem(
        'operation_refused',
        `${before.name} gave the switchover up and stays master: ${because}.`,
      );
    }
    if (end !== undefined) {
      once(
        `${before.name} has stopped and released term ${end.term}${end.successor === null ? '' : ` to ${end.successor}`}`,
      );
    }
    if (promotion !== null && promotion.value.term > before.term)
      once(`${promotion.value.candidate} is being promoted`);
    if (leader === null || leader.value.term <= before.term) return null;
    const { name, term } = leader.value;
    once(`${name} is master of term ${term}`);
    const confirmed = sync.value.term === term ? sync.value.standbys : [];
    if (confirmed.length === 0 && !sync.value.alone) return null;
    once(
      confirmed.length === 0
        ? `${name} acknowledges writes alone`
        : `${confirmed.join(', ')} confirms its writes`,
    );
    return { to: name, term };
  };
}
