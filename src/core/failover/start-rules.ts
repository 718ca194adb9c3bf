import { both, type ClusterContext, either, type Rule, waitedFor } from './context.ts';
import { beatsAreFresh } from './repair-choice.ts';
import { describeSource, sourceOf, targetOf } from './replication-source.ts';
import { mayBeCopied, restartOfHanging, startsInVain, waitsForNextStart } from './starts-in-vain.ts';
import { isLastHope, othersManage, successorNeedsUs } from './succession.ts';
import { eventMs, soonMs, startAloneMs, startLimitMs } from './timing.ts';

/** From stopped instances to running ones. */
export const startRules: readonly Rule<ClusterContext>[] = [
  {
    id: 'leaves-the-way-free',
    about:
      'Another node is being promoted, or named as successor, or could take over from this one, which is stopped: it starts once that is done, since a start would slow the promotion down where the two share a machine or a disk.',
    apply: (c) => {
      const lock = c.cluster.promotion;
      const promoting = lock !== null && lock.value.candidate !== c.view.self.name && !isLastHope(c);
      const awaited = c.memory.passTo !== null && !successorNeedsUs(c);
      if (!promoting && !awaited && !othersManage(c)) return null;
      if (!either(c.view.instances, (i) => i.state === 'stopped')) return null;
      return {
        because: `starts when ${promoting ? `${lock.value.candidate} leads` : whatIsAwaited(c)}`,
        wakeInMs: eventMs,
      };
    },
  },
  {
    id: 'copies-what-ends-at-each-start',
    about:
      'An instance ended, or let nobody in, three times in a row: what it needs is broken. Copied from the master, the old directory kept; while there is none it is tried again now and then.',
    apply: (c) => {
      if (!startsInVain(c)) return null;
      const source = sourceOf(c);
      const term = c.cluster.leader?.value.term ?? 0;
      if (source !== null && beatsAreFresh(c) && mayBeCopied(c, term)) {
        return {
          because: `an instance ends at each start: copying from ${describeSource(source)}`,
          actions: [{ kind: 'copy', source, keepOld: true }],
          memory: { triedAt: null, hangs: 0, copiedFor: term },
          wakeInMs: soonMs,
        };
      }
      return waitsForNextStart(c);
    },
  },
  {
    id: 'starts-as-standby',
    about:
      'What is stopped is started as a standby of nobody, whatever it was before: nothing starts read-write.',
    apply: (c) => {
      if (!either(c.view.instances, (i) => i.state === 'stopped')) return null;
      return {
        because: 'starting as a standby',
        actions: [{ kind: 'start' }],
        memory: { triedAt: null },
        wakeInMs: eventMs,
      };
    },
  },
  {
    id: 'restarts-what-is-read-write',
    about: 'An instance is read-write although this node does not lead: it is stopped at once.',
    apply: (c) =>
      either(c.view.instances, (i) => i.state === 'running' && !i.inRecovery)
        ? {
            because: 'an instance is read-write without authority: stopping it',
            actions: [{ kind: 'fence', reason: 'read-write without authority' }],
            wakeInMs: soonMs,
          }
        : null,
  },
  {
    id: 'follows-to-become-consistent',
    about:
      'An instance starts and lets nobody in for a while: a rewound one needs log from the master first. It is pointed there.',
    apply: (c) => {
      const { startingSince } = c.memory;
      const target = c.cluster.leader === null ? null : targetOf(c);
      if (target === null || startingSince === null || waitedFor(c, startingSince) < startAloneMs)
        return null;
      const pointed = both(c.view.instances, (i) => i.state !== 'starting' || i.primary === target);
      const able = both(c.view.instances, (i) => i.state === 'starting' || i.state === 'running');
      if (pointed || !able || c.cluster.promotion !== null) return null;
      return {
        because: `following ${describeSource(target)} to become consistent`,
        actions: [{ kind: 'follow', target }],
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'copies-what-never-starts',
    about:
      'An instance lets nobody in for forty seconds although the master lives: the log that it lacks is gone. Copied, the old directory kept.',
    apply: (c) => {
      const { startingSince } = c.memory;
      const source = sourceOf(c);
      if (source === null || startingSince === null || !beatsAreFresh(c)) return null;
      if (waitedFor(c, startingSince) < startLimitMs) return null;
      return {
        because: `an instance never becomes consistent: copying from ${describeSource(source)}`,
        actions: [{ kind: 'copy', source, keepOld: true }],
        memory: { startingSince: null },
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'restarts-what-hangs',
    about: 'An instance has not answered for half a minute: both are killed, and started again.',
    apply: (c) => restartOfHanging(c),
  },
  {
    id: 'waits-for-its-instances',
    about: 'An instance is starting or does not answer.',
    apply: (c) =>
      both(c.view.instances, (i) => i.state === 'running')
        ? null
        : { because: 'waiting for an instance to answer', wakeInMs: 2 * soonMs },
  },
];

function whatIsAwaited({ cluster }: ClusterContext): string {
  return cluster.leader === null
    ? 'the successor leads'
    : `${cluster.leader.value.name} has its first standby`;
}
