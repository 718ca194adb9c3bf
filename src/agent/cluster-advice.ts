import { isStreaming, liveConfirmed, liveMaster, roleOf, standbysOf } from './cluster-roles.ts';
import type { StatusFacts } from './cluster-status.ts';

/**
 * Why the failure of the master, now, would not be healed without loss and without people; empty when it would. Each is a
 * sentence with the way out.
 */
export function unprotectedBecause(facts: StatusFacts): readonly string[] {
  const { state } = facts;
  const { sync, config } = state;
  const master = liveMaster(state);
  const confirmed = liveConfirmed(state);
  const standbys = standbysOf(state);
  const reasons: string[] = [];
  if (state.promotion !== null) {
    reasons.push(
      `${state.promotion.value.candidate} is being promoted for term ${state.promotion.value.term}.`,
    );
  } else if (master === null) {
    reasons.push(noMaster(facts));
  } else if (state.members.get(master)?.value.role === 'starting') {
    reasons.push(
      `${master} leads but lets no client in: ${state.members.get(master)?.value.because ?? 'it says nothing'}.`,
    );
  }
  if (sync.value.standbys.length === 0) {
    reasons.push(
      sync.value.alone
        ? 'No synchronous standby is confirmed: the master acknowledges writes alone, and they are lost with it.'
        : 'No synchronous standby is confirmed: writes are refused until one streams. Start a standby.',
    );
  } else if (confirmed.length === 0 && master !== null) {
    reasons.push(
      `The synchronous standby (${sync.value.standbys.join(', ')}) does not stream: writes wait until it is replaced or comes back.`,
    );
  }
  if (standbys.length < 2) {
    const count = standbys.length === 0 ? 'No standby is declared' : 'Only one standby is declared';
    reasons.push(
      `${count}: automatic failover needs two beside the master. Add one with "holdfast token create --kind standby".`,
    );
  }
  const live = confirmed.length;
  if (live > 0 && live < config.value.syncCount && standbys.length >= config.value.syncCount) {
    reasons.push(`${live} of ${config.value.syncCount} wanted synchronous standbys are confirmed.`);
  }
  return [...reasons, ...etcdReasons(facts, master)];
}

function noMaster({ state }: StatusFacts): string {
  const holders = state.config.value.members
    .map(({ name }) => name)
    .filter((name) => name === state.sync.value.master || state.sync.value.standbys.includes(name))
    .filter((name) => roleOf(name, state) === 'down');
  const released = state.released.find(({ term }) => term === state.sync.value.term);
  const end = released === undefined ? '' : ` (term ${released.term} ended: ${released.reason})`;
  const wait = holders.length === 0 ? '' : ` Down and holding every write: ${holders.join(', ')}.`;
  return `There is no master${end}.${wait} The nodes say below what they wait for.`;
}

/** Whether etcd keeps its majority without the master's machine. */
function etcdReasons({ etcd, etcdMode }: StatusFacts, master: string | null): readonly string[] {
  if (etcd.length === 0) return etcdMode === 'own' ? ['The members of etcd could not be asked.'] : [];
  const voters = etcd.filter(({ learner }) => !learner);
  const left = voters.filter(({ healthy, name }) => healthy && (etcdMode === 'external' || name !== master));
  const needed = Math.floor(voters.length / 2) + 1;
  if (left.length >= needed) return [];
  if (etcdMode === 'external')
    return [`etcd has ${left.length} healthy voters of the ${needed} that it needs.`];
  if (voters.length === 1) {
    return [
      'etcd has one voter: with its machine the cluster stands still. Add standbys until there are three.',
    ];
  }
  if (voters.length === 2) {
    return [
      'etcd has two voters: the loss of either stops failover. Add a standby, so that there are three.',
    ];
  }
  return [
    `etcd would lose its majority with the master's machine (${left.length} of the ${needed} needed are left).`,
  ];
}

/** What else needs somebody's attention. */
export function clusterAdvice({ state, etcd, certificates }: StatusFacts): readonly string[] {
  const { config, evicted, members, switchover, forced } = state;
  const { value } = config;
  const advice: string[] = [];
  for (const { name, learner, healthy } of etcd) {
    if (!healthy) advice.push(`etcd: the member ${name} does not answer, or knows no leader.`);
    else if (learner)
      advice.push(`etcd: ${name} is still a learner; it becomes a voter once it has caught up.`);
  }
  const voters = etcd.filter(({ learner }) => !learner).length;
  if (voters > 2 && voters % 2 === 0) {
    advice.push(`etcd has ${voters} voters: one more would tolerate one failure more, at the same price.`);
  }
  for (const { name, kind } of value.members) {
    const report = members.get(name)?.value;
    if (report === undefined) advice.push(`${name} is down: start "holdfast node" there, or remove it.`);
    else if (report.marker) advice.push(`${name}: a rewind or copy is under way (${report.because}).`);
    else if (roleOf(name, state) !== 'master' && liveMaster(state) !== null && !isStreaming(report)) {
      advice.push(`${name} does not stream: ${report.because}.`);
    }
    if (typeof report?.ailment === 'string') advice.push(`${name} is unfit to be master: ${report.ailment}.`);
    const record = evicted.get(name)?.value;
    if (record !== undefined) {
      const way = value.autoRejoin ? 'it comes back by itself' : `run "holdfast member rejoin ${name}"`;
      advice.push(`${name} was evicted in term ${record.term} (${record.reason}); ${way}.`);
    }
    if (kind !== 'standby' && value.loadBalancer === null) {
      advice.push(
        `${name} streams past a load balancer that is not declared: set it, so that promotions change nothing for it.`,
      );
    }
  }
  if (switchover !== null)
    advice.push(`A switchover to ${switchover.value.to ?? 'any standby'} is under way.`);
  if (forced !== null)
    advice.push(`${forced.value.candidate} was told to take over at the price of what it lacks.`);
  return [...advice, ...certificates];
}
