import { isPast } from '../clock.ts';
import { allDead, type Context, giveUp, heldFor, type Rule } from './context.ts';
import { storelessLeadingRules } from './storeless-leading-rules.ts';
import { soonMs } from './timing.ts';

/** What ends authority, before anything else is looked at. Also with no answer from the store. */
export const safetyRules: readonly Rule<Context>[] = [
  {
    id: 'fences-without-guardian',
    about:
      'The guardian is gone: nobody would stop a stopped agent any more. Kills both instances and gives up.',
    apply: (c) => {
      const acting = c.memory.leading ?? c.memory.promotion;
      if (c.view.guardian === 'watching' || acting === null || c.memory.givingUp !== null) return null;
      return {
        because: 'the guardian is gone: fencing this node',
        actions: [{ kind: 'fence', reason: 'guardian gone' }],
        memory: { givingUp: giveUp(c, 'the guardian of the master died'), promotion: null },
        wakeInMs: 0,
      };
    },
  },
  {
    id: 'fences-without-authority',
    about:
      'The last beat that the store confirmed is too old, or none ever was for a ttl. Kills both instances; nothing was answered after the deadline.',
    apply: (c) => {
      const { leading, givingUp } = c.memory;
      const until = c.view.authorityUntil;
      if (leading === null || givingUp !== null) return null;
      if (until !== null && !isPast(until, c.view.now)) return null;
      const patienceMs = c.view.cluster === null ? 0 : c.view.cluster.config.value.ttlMs;
      if (!leading.hadAuthority && heldFor(c, leading.since) < patienceMs) return null;
      return {
        because: 'authority ran out: no beat was confirmed in time; fencing this node',
        actions: [{ kind: 'fence', reason: 'authority ran out' }],
        memory: { givingUp: giveUp(c, 'the master could not renew its authority'), handOver: null },
        wakeInMs: 0,
      };
    },
  },
  {
    id: 'fences-when-deposed',
    about: 'The leader key is gone or is another: this master was replaced. Kills both instances.',
    apply: (c) => {
      const { leading, givingUp } = c.memory;
      if (leading === null || givingUp !== null || c.view.cluster === null) return null;
      if (c.view.cluster.leader?.createRevision === leading.createRevision) return null;
      return {
        because: `the leader key of term ${leading.term} is gone: fencing this node`,
        actions: [{ kind: 'fence', reason: 'deposed' }],
        memory: { givingUp: giveUp(c, 'deposed'), handOver: null },
        wakeInMs: 0,
      };
    },
  },
  {
    id: 'finishes-the-kill',
    about: 'Giving up: some process of an instance is still alive, so nothing is released yet.',
    apply: (c) => {
      if (c.memory.givingUp === null || allDead(c.view)) return null;
      return {
        because: 'giving up mastership: waiting for every PostgreSQL process to be dead',
        actions: [{ kind: 'fence', reason: c.memory.givingUp.reason }],
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'releases',
    about:
      'Giving up: every process is seen dead, so the end of the term is written and the leader key deleted.',
    apply: (c) => {
      const { givingUp } = c.memory;
      if (givingUp === null) return null;
      const { cluster } = c.view;
      if (cluster === null && c.view.guardian === 'gone') {
        return {
          because: 'fenced without guardian or store: ending, the ttl does the rest',
          actions: [{ kind: 'exit' }],
        };
      }
      if (cluster === null && c.view.stopRequested) {
        return { because: 'stopped without the store: the ttl does the rest', actions: [{ kind: 'exit' }] };
      }
      if (cluster === null)
        return { because: 'fenced; the store does not answer, so the cluster waits for the ttl' };
      const mine = cluster.leader !== null && cluster.leader.createRevision === givingUp.leaderRevision;
      if (!mine) {
        return {
          because: `fenced and replaced: ${givingUp.reason}`,
          memory: { givingUp: null, leading: null, handOver: null, promotion: null, steppedDown: c.view.now },
          wakeInMs: 0,
        };
      }
      return {
        because: `releasing term ${givingUp.term}: ${givingUp.reason}`,
        actions: [
          {
            kind: 'release',
            leaderRevision: givingUp.leaderRevision ?? 0,
            term: givingUp.term,
            reason: givingUp.reason,
            successor: givingUp.successor,
          },
        ],
        wakeInMs: 0,
      };
    },
  },
  {
    id: 'ends-without-guardian',
    about:
      'The guardian is gone and this node holds nothing: stops everything and ends, to be started afresh.',
    apply: (c) => {
      if (c.view.guardian === 'watching') return null;
      if (allDead(c.view)) return { because: 'the guardian is gone: ending', actions: [{ kind: 'exit' }] };
      return {
        because: 'the guardian is gone: stopping',
        actions: [{ kind: 'fence', reason: 'guardian gone' }],
        wakeInMs: soonMs,
      };
    },
  },
  ...storelessLeadingRules,
];
