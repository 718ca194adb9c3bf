import { allDead, type Context, giveUp, heldFor, type Rule, type Verdict } from './context.ts';
import type { HandOver } from './memory.ts';
import { soonMs, storelessStopMs } from './timing.ts';

/** A master that gets no answer from the store, while its authority stands. */
export const storelessLeadingRules: readonly Rule<Context>[] = [
  {
    id: 'stops-its-term-without-the-store',
    about:
      'A master was told to stop, and the store does not answer: both instances are stopped. Should the store come back soon, the mastership is handed over after all; else it ends with the ttl.',
    apply: (c) => {
      const { leading, handOver } = c.memory;
      if (c.view.cluster !== null || leading === null || !c.view.stopRequested) return null;
      const since = c.memory.storeSilentSince;
      if (handOver?.stage !== 'stop') {
        // One answer that was missed is no silence.
        return since === null || heldFor(c, since) < storelessStopMs ? null : stopTerm(c, handOver);
      }
      if (!allDead(c.view)) {
        const stopping = c.view.task?.kind === 'stop' && c.view.task.state === 'running';
        return {
          because: 'the store does not answer: both instances are stopping',
          actions: stopping ? [] : [{ kind: 'stop' }],
          serving: servingAsBefore(c),
          wakeInMs: soonMs,
        };
      }
      if (heldFor(c, handOver.stageSince) < storelessStopMs) {
        return {
          because: 'the store does not answer: stopped, and still to be handed over',
          serving: servingAsBefore(c),
          wakeInMs: soonMs,
        };
      }
      return {
        because: 'the store does not answer: giving up what cannot be handed over',
        // Nothing is left to kill; the authority ends here.
        actions: [{ kind: 'fence', reason: handOver.reason }],
        memory: { givingUp: giveUp(c, handOver.reason), handOver: null },
        wakeInMs: 0,
      };
    },
  },
  {
    id: 'keeps-on-without-the-store',
    about:
      'The store does not answer, authority still stands: a master goes on until its deadline, and starts nothing.',
    apply: (c) => {
      if (c.view.cluster !== null || c.memory.leading === null) return null;
      return {
        because: 'the store does not answer: serving until authority ends',
        serving: servingAsBefore(c),
      };
    },
  },
];

function stopTerm(c: Context, begun: HandOver | null): Verdict {
  const now = c.view.now;
  const reason = 'the master was told to stop';
  const before: HandOver = begun ?? {
    why: 'shutdown',
    to: null,
    reason,
    since: now,
    stage: 'stop',
    stageSince: now,
  };
  return {
    because: 'the store does not answer: stopping both instances',
    actions: [{ kind: 'stop' }],
    memory: { handOver: { ...before, stage: 'stop', stageSince: now } },
    serving: { ...servingAsBefore(c), writes: 'closed' },
    wakeInMs: 0,
  };
}

function servingAsBefore(c: Context): {
  role: 'master' | 'starting';
  writes: 'open' | 'closed';
  replicationOpen: boolean;
} {
  const { leading, handOver } = c.memory;
  const open = leading !== null && leading.confirmed && leading.lonelySince === null && handOver === null;
  return {
    role: leading?.confirmed === true ? 'master' : 'starting',
    writes: open ? 'open' : 'closed',
    replicationOpen: true,
  };
}
