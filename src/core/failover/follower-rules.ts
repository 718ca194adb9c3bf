import { allDead, type Context, heldFor, type Rule, waitedFor } from './context.ts';
import { isPrefix } from './lineage.ts';
import { wasRemoved } from './eligibility.ts';
import { loadBalancerTarget } from './replication-source.ts';
import { removedSentence } from './standby-rules.ts';
import { mayBeCopied, restartOfHanging, startsInVain, waitsForNextStart } from './starts-in-vain.ts';
import { eventMs, soonMs, startAloneMs, startLimitMs, streamLimitMs } from './timing.ts';

const following = { role: 'follower' as const };

/** There is a leader, and it beats. */
function masterIsAlive(c: Context): boolean {
  const { beatSeen } = c.memory;
  const beats = beatSeen !== null && heldFor(c, beatSeen.since) < streamLimitMs / 2;
  return beats && (c.view.cluster?.leader ?? null) !== null;
}

/**
 * A follower replicates *data* through the load balancer and serves reads, with or without the store and the master. Its
 * *audit* instance is its own.
 */
export const followerRules: readonly Rule<Context>[] = [
  {
    id: 'follower-stops',
    about: 'The follower was told to stop.',
    apply: (c) => {
      if (!c.view.stopRequested) return null;
      if (allDead(c.view)) return { because: 'stopped', actions: [{ kind: 'exit' }] };
      return { because: 'stopping both instances', actions: [{ kind: 'stop' }], wakeInMs: soonMs };
    },
  },
  {
    id: 'follower-clears-strays',
    about: 'Processes of an earlier life are alive: killed before anything is started.',
    apply: (c) =>
      c.view.strays && c.view.instances.data.state === 'stopped'
        ? {
            because: 'killing what an earlier life left',
            actions: [{ kind: 'fence', reason: 'strays' }],
            wakeInMs: soonMs,
          }
        : null,
  },
  {
    id: 'follower-waits-for-its-task',
    about: 'A start, stop, rewind or copy is under way.',
    apply: (c) =>
      c.view.task?.state === 'running' ? { because: c.view.task.detail, wakeInMs: eventMs } : null,
  },
  {
    id: 'follower-stays-out-when-removed',
    about: 'An operator removed the follower from the cluster: it serves nobody, and stays stopped.',
    apply: (c) => {
      if (c.view.cluster === null || !wasRemoved(c.view.self.name, c.view.cluster)) return null;
      if (allDead(c.view)) return { because: removedSentence };
      return { because: 'removed from the cluster: stopping', actions: [{ kind: 'stop' }], wakeInMs: soonMs };
    },
  },
  {
    id: 'follower-copies',
    about: 'No data directory, or a rewind or copy was interrupted: a new copy through the load balancer.',
    apply: (c) => {
      if (c.view.instances.data.state !== 'absent' && !c.view.marker) return null;
      return {
        because: 'copying data through the load balancer',
        actions: [{ kind: 'copy', source: loadBalancerTarget, keepOld: false }],
        wakeInMs: 1000,
      };
    },
  },
  {
    id: 'follower-copies-what-ends-at-each-start',
    about: 'Data ended, or let nobody in, three times in a row: copied through the load balancer.',
    apply: (c) => {
      if (!startsInVain(c)) return null;
      const term = c.view.cluster?.leader?.value.term ?? 0;
      // Its audit trail is its own: a copy is no remedy for that.
      const { data, audit } = c.view.instances;
      const ofData = data.state === 'stopped' && data.earlyEnds >= audit.earlyEnds;
      if (!ofData || !masterIsAlive(c) || !mayBeCopied(c, term)) return waitsForNextStart(c);
      return {
        because: 'data ends at each start: copying through the load balancer',
        actions: [{ kind: 'copy', source: loadBalancerTarget, keepOld: true }],
        memory: { triedAt: null, hangs: 0, copiedFor: term },
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'follower-restarts-what-hangs',
    about: 'An instance has not answered for half a minute: both are killed, and started again.',
    apply: (c) => restartOfHanging(c),
  },
  {
    id: 'follower-starts',
    about: 'What is stopped is started: data as a standby, audit read-write.',
    apply: (c) => {
      const { data, audit } = c.view.instances;
      if (data.state !== 'stopped' && audit.state !== 'stopped') return null;
      return {
        because: 'starting',
        actions: [{ kind: 'start' }],
        memory: { triedAt: null },
        wakeInMs: eventMs,
      };
    },
  },
  {
    id: 'follower-never-starts',
    about: 'Data lets nobody in for forty seconds although the master lives: copied.',
    apply: (c) => {
      const { startingSince } = c.memory;
      if (startingSince === null || !masterIsAlive(c)) return null;
      if (waitedFor(c, startingSince) < startLimitMs) return null;
      return {
        because: 'data never becomes consistent: copying through the load balancer',
        actions: [{ kind: 'copy', source: loadBalancerTarget, keepOld: true }],
        memory: { startingSince: null },
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'follower-repairs',
    about:
      'The log here parted from the leader’s (this follower was ahead of a new master), or never streams from a live one.',
    apply: (c) => {
      const { data } = c.view.instances;
      const leader = c.view.cluster?.leader ?? null;
      if (leader === null || data.state !== 'running' || data.timeline === null || data.lsn === null)
        return null;
      const parted = !isPrefix({ timeline: data.timeline, lsn: data.lsn }, leader.value.lineage.data);
      const { notStreaming, beatSeen, rewoundFor } = c.memory;
      const alive = beatSeen !== null && heldFor(c, beatSeen.since) < streamLimitMs / 2;
      const stuck = notStreaming !== null && waitedFor(c, notStreaming.since) > streamLimitMs && alive;
      if (!parted && !stuck) return null;
      const source = loadBalancerTarget;
      // A log that fits and finds no connection lacks its next piece: a rewind has nothing to do there.
      const again = !parted || rewoundFor === leader.value.term;
      return {
        because: parted ? 'data is ahead of the new master: repairing' : 'data does not stream: repairing',
        actions: [again ? { kind: 'copy', source, keepOld: true } : { kind: 'rewind', source }],
        memory: { rewoundFor: leader.value.term, notStreaming: null },
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'follower-follows',
    about: 'Points data at the load balancer.',
    apply: (c) => {
      const { data } = c.view.instances;
      const waits = c.memory.startingSince !== null && waitedFor(c, c.memory.startingSince) >= startAloneMs;
      const able = data.state === 'running' || (data.state === 'starting' && waits);
      if (!able || data.primary === loadBalancerTarget) return null;
      return {
        because: 'following through the load balancer',
        actions: [{ kind: 'follow', target: loadBalancerTarget }],
        serving: following,
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'follower-keeps-its-new-copy',
    about: 'A new copy streams: what it replaced is thrown away.',
    apply: (c) =>
      c.view.unproven && c.view.instances.data.streaming
        ? { because: 'the new copy streams', actions: [{ kind: 'tidy' }], serving: following }
        : null,
  },
  {
    id: 'follower-serves',
    about: 'Serves reads and authentication, also while there is no master.',
    apply: (c) => {
      const { data, audit } = c.view.instances;
      const ready = data.state === 'running' && audit.state === 'running';
      if (!ready) return { because: 'waiting for an instance to answer', wakeInMs: eventMs };
      const how = data.streaming
        ? 'streaming through the load balancer'
        : 'cut off from the master, serving what it has';
      return { because: `follower, ${how}`, serving: following, wakeInMs: 250 };
    },
  },
];
