import { allDead, type Context, either, heldFor, type Rule, servingNobody } from './context.ts';
import { startsInVain, waitsForNextStart } from './starts-in-vain.ts';
import { promotionLimitMs, soonMs } from './timing.ts';

/** A candidate that gets no answer from the store, and leads nothing: only what is safe without knowing anything. */
export const storelessRules: readonly Rule<Context>[] = [
  {
    id: 'stops-without-the-store',
    about: 'The node was told to stop, and the store does not answer.',
    apply: (c) => {
      if (!c.view.stopRequested) return null;
      if (allDead(c.view)) return { because: 'stopped', actions: [{ kind: 'exit' }] };
      return { because: 'stopping both instances', actions: [{ kind: 'stop' }], wakeInMs: soonMs };
    },
  },
  {
    id: 'starts-without-the-store',
    about:
      'What is stopped and whole is started as a standby of nobody, so that it is ready when the store answers.',
    apply: (c) => {
      const busy = c.view.task?.state === 'running';
      const startable =
        either(c.view.instances, (i) => i.state === 'stopped') && !c.view.strays && !c.view.marker;
      if (busy || !startable) return null;
      const wait = startsInVain(c) ? waitsForNextStart(c) : null;
      if (wait !== null) return wait;
      return {
        because: 'the store does not answer: starting as a standby',
        actions: [{ kind: 'start' }],
        memory: { triedAt: null },
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'goes-on-promoting-without-the-store',
    about:
      'The store does not answer between the claim and the lead: the placeholder keeps every write waiting, so the promotion may wait too, within its five seconds.',
    apply: (c) => {
      const since = c.memory.promotion?.claimedSince ?? null;
      if (since === null || heldFor(c, since) > promotionLimitMs) return null;
      return { because: 'the store does not answer: the promotion waits', wakeInMs: soonMs };
    },
  },
  {
    id: 'waits-for-the-store',
    about: 'Nothing is decided without the store; what replicates goes on replicating.',
    apply: (c) => {
      const running = either(c.view.instances, (i) => i.state === 'running' && !i.inRecovery);
      if (running && c.view.self.kind !== 'follower') {
        return {
          because: 'read-write without authority: stopping',
          actions: [{ kind: 'fence', reason: 'read-write without authority' }],
          wakeInMs: soonMs,
        };
      }
      return {
        because: 'the store does not answer',
        serving: { ...servingNobody, role: 'standby' },
        wakeInMs: 200,
      };
    },
  },
];
