import { instanceNames } from './cluster-state.ts';
import {
  allDead,
  both,
  type ClusterContext,
  either,
  isDetached,
  isDown,
  type Rule,
  servingNobody,
  waitedFor,
} from './context.ts';
import { holdsEveryWrite, wasRemoved } from './eligibility.ts';
import { beatsAreFresh, fits, repair } from './repair-choice.ts';
import { describeSource, loadBalancerTarget, sourceOf, targetOf } from './replication-source.ts';
import { startRules } from './start-rules.ts';
import { followSuccessor } from './succession.ts';
import { takeoverStep } from './takeover.ts';
import { eventMs, firstStandbyWaitMs, soonMs, streamLimitMs } from './timing.ts';

/** A candidate or asynchronous standby that holds neither the leader key nor the lock. */
export const standbyRules: readonly Rule<ClusterContext>[] = [
  {
    id: 'stops',
    about: 'The node was told to stop: both instances are stopped, then the agent ends.',
    apply: (c) => {
      if (!c.view.stopRequested) return null;
      if (allDead(c.view)) {
        if (c.memory.passTo !== null)
          return { because: 'stopped; passing held requests on', wakeInMs: soonMs };
        return { because: 'stopped', actions: [{ kind: 'exit' }] };
      }
      return { because: 'stopping both instances', actions: [{ kind: 'stop' }], wakeInMs: soonMs };
    },
  },
  {
    id: 'clears-strays',
    about:
      'Processes of an earlier life of this node are alive: they are killed before anything is started or released.',
    apply: (c) =>
      c.view.strays && both(c.view.instances, isDown)
        ? {
            because: 'killing what an earlier life left',
            actions: [{ kind: 'fence', reason: 'strays' }],
            wakeInMs: soonMs,
          }
        : null,
  },
  {
    id: 'releases-its-own-old-key',
    about:
      'The leader key is from an earlier life of this node on this machine, and nothing of it lives: says so.',
    apply: (c) => {
      const { leader } = c.cluster;
      const { self } = c.view;
      if (leader === null || leader.value.name !== self.name || leader.value.bootId === self.bootId)
        return null;
      // Certain only where every instance is seen dead, or seen to be the standby that this life started.
      const harmless = both(c.view.instances, (i) => isDown(i) || (i.state === 'running' && i.inRecovery));
      if (leader.value.hostId !== self.hostId || !harmless || c.view.strays) return null;
      return {
        because: `releasing term ${leader.value.term}: this node was restarted`,
        actions: [
          {
            kind: 'release',
            leaderRevision: leader.createRevision,
            term: leader.value.term,
            reason: `the agent of ${self.name} was restarted`,
            successor: null,
          },
        ],
        wakeInMs: 0,
      };
    },
  },
  {
    id: 'drops-its-own-old-lock',
    about: 'The promotion lock is from an earlier life of this node on this machine: gives it back.',
    apply: (c) => {
      const lock = c.cluster.promotion;
      const { self } = c.view;
      if (lock === null || lock.value.candidate !== self.name || lock.value.bootId === self.bootId)
        return null;
      if (lock.value.hostId !== self.hostId) return null;
      return {
        because: 'dropping the promotion lock of an earlier life',
        actions: [{ kind: 'drop-lock', lockRevision: lock.createRevision }],
        wakeInMs: 0,
      };
    },
  },
  {
    id: 'waits-for-its-task',
    about: 'A start, stop, rewind or copy is under way.',
    apply: (c) => {
      const { task } = c.view;
      if (task === null || task.state !== 'running' || task.kind === 'checkpoint') return null;
      return { because: task.detail, wakeInMs: eventMs };
    },
  },
  {
    id: 'stays-out-when-removed',
    about:
      'An operator removed this node from the cluster, and it is not needed for its writes: it stays stopped.',
    apply: (c) => {
      if (!wasRemoved(c.view.self.name, c.cluster)) return null;
      if (allDead(c.view)) return { because: removedSentence };
      return { because: 'removed from the cluster: stopping', actions: [{ kind: 'stop' }], wakeInMs: soonMs };
    },
  },
  {
    id: 'stays-out-until-told',
    about: 'autoRejoin is off and this node was evicted: it stays stopped until an operator readmits it.',
    apply: (c) => {
      if (c.cluster.config.value.autoRejoin || !c.cluster.evicted.has(c.view.self.name)) return null;
      if (allDead(c.view)) return { because: `evicted; run: holdfast member rejoin ${c.view.self.name}` };
      return { because: 'evicted: stopping', actions: [{ kind: 'stop' }], wakeInMs: soonMs };
    },
  },
  {
    id: 'copies-what-is-missing-or-half-done',
    about: 'No data directory, or a rewind or copy was interrupted: makes a new copy from the leader.',
    apply: (c) => {
      const missing = either(c.view.instances, (i) => i.state === 'absent');
      if (!missing && !c.view.marker) return null;
      const source = sourceOf(c);
      if (source === null) return { because: 'this node must be copied anew and waits for a leader' };
      return {
        because: `copying both instances from ${describeSource(source)}`,
        actions: [{ kind: 'copy', source, keepOld: true }],
        memory: { rewoundFor: c.cluster.leader?.value.term ?? null },
        wakeInMs: soonMs,
      };
    },
  },
  ...startRules,
  {
    id: 'detaches-for-the-winner',
    about:
      'Another node promotes: leaves the old master, says how much it has, and follows once the term is claimed.',
    apply: (c) => {
      const lock = c.cluster.promotion;
      if (lock === null || lock.value.term <= c.cluster.sync.value.term || c.view.self.kind !== 'standby')
        return null;
      // The winner itself may be streamed from: it acknowledges nothing yet.
      const { candidate } = lock.value;
      const follow = followSuccessor(c, candidate);
      if (follow !== null) return follow;
      const detached =
        both(c.view.instances, isDetached) || both(c.view.instances, (i) => i.primary === candidate);
      return {
        because: `${candidate} is being promoted${detached ? '' : ': detaching'}`,
        actions: detached ? [] : [{ kind: 'detach' }],
        serving: { role: 'standby' },
        wakeInMs: detached ? eventMs : soonMs,
      };
    },
  },
  {
    id: 'takes-over',
    about:
      'The master released its term or was silent for a full ttl, and this node holds every acknowledged write.',
    apply: (c) => takeoverStep(c),
  },
  {
    id: 'waits-to-be-spared',
    about:
      'The log here parted, and this may be the last copy of every write until the new term has its first standby: waits a moment for that, since a rewind is then enough.',
    apply: (c) => {
      const { leader, sync } = c.cluster;
      const { partedSince } = c.memory;
      const mine = leader === null || leader.value.name === c.view.self.name;
      const spared = sync.value.standbys.length === 0 && holdsEveryWrite(c.view.self.name, sync.value);
      if (mine || !spared || instanceNames.every((i) => fits(c, i))) return null;
      const { term } = leader.value;
      const since = partedSince?.term === term ? partedSince.since : c.view.now;
      if (waitedFor(c, since) >= firstStandbyWaitMs) return null;
      return {
        because: `parted from the leader's log: waiting for the first standby of term ${term}`,
        memory: { partedSince: { term, since } },
        serving: { role: 'standby' },
        wakeInMs: 100,
      };
    },
  },
  {
    id: 'rewinds-or-copies',
    about:
      'The log here is no prefix of the leader’s: rewound once, then copied. Or it fits and does not stream for ten seconds: copied, the old directory kept. Whoever holds every acknowledged write is never rewound in place.',
    apply: (c) => {
      const { leader } = c.cluster;
      if (leader === null || leader.value.name === c.view.self.name) return null;
      const parted = instanceNames.filter((i) => !fits(c, i));
      const { notStreaming } = c.memory;
      const stuck =
        notStreaming !== null && waitedFor(c, notStreaming.since) > streamLimitMs && beatsAreFresh(c);
      if (parted.length === 0 && !stuck) return null;
      const what =
        parted.length > 0 ? `${parted.join(' and ')} parted from the leader's log` : 'nothing streams';
      const action = repair(c, parted.length > 0);
      return {
        because: `${what}: ${action.kind === 'copy' ? 'copying' : 'rewinding'} from ${describeSource(action.source)}`,
        actions: [action],
        memory: { rewoundFor: leader.value.term, notStreaming: null },
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'follows',
    about: 'Points both instances at the master of the current term.',
    apply: (c) => {
      const target = targetOf(c);
      if (target === null || both(c.view.instances, (i) => i.primary === target)) return null;
      return {
        because: `following ${describeSource(target)}`,
        actions: [{ kind: 'follow', target }],
        serving: { role: 'standby' },
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'keeps-its-new-copy',
    about: 'A new copy streams: what it replaced is thrown away.',
    apply: (c) =>
      c.view.unproven && both(c.view.instances, (i) => i.streaming)
        ? { because: 'the new copy streams', actions: [{ kind: 'tidy' }], serving: { role: 'standby' } }
        : null,
  },
  {
    id: 'streams',
    about: 'Replicates and waits.',
    apply: (c) => {
      const target = targetOf(c);
      const serving = { ...servingNobody, role: 'standby' as const };
      if (target === null)
        return { because: 'there is no master, and this node must not promote itself', serving };
      const whence = target === loadBalancerTarget ? 'through the load balancer' : `from ${target}`;
      if (!both(c.view.instances, (i) => i.streaming)) {
        return { because: `waiting to stream ${whence}`, serving, wakeInMs: 100 };
      }
      return { because: `${standbyKind(c)}, streaming ${whence}`, serving };
    },
  },
];

/** What a removed node says, for as long as it is started. */
export const removedSentence =
  'removed from the cluster: end this node and wipe its machine, or join it anew';

function standbyKind({ cluster, view }: ClusterContext): string {
  if (view.self.kind === 'asynchronous') return 'asynchronous standby';
  return cluster.sync.value.standbys.includes(view.self.name) ? 'synchronous standby' : 'standby';
}
