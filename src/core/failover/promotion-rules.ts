import { plus } from '../clock.ts';
import type { PromotionRecord, Stored } from './cluster-state.ts';
import { instanceNames } from './cluster-state.ts';
import {
  both,
  type ClusterContext,
  either,
  heldFor,
  isDetached,
  isDown,
  type Rule,
  type Verdict,
} from './context.ts';
import { claimedSync, requiredNames, waitsFor } from './eligibility.ts';
import { gatherStep } from './gather.ts';
import { aboutToLead } from './leading-context.ts';
import { historyOf } from './promotion-record.ts';
import { nextTimelines, sameTimelines } from './timeline-plan.ts';
import type { PromotionMemory } from './memory.ts';
import { detachLimitMs, holdOffMs, promotionLimitMs, soonMs } from './timing.ts';

/** A node that holds the promotion lock, or believes so. */
export interface PromotionContext extends ClusterContext {
  readonly lock: Stored<PromotionRecord> | null;
  readonly promotion: PromotionMemory;
}

function giveBack(c: PromotionContext, why: string): Verdict {
  return {
    because: `giving the promotion lock back: ${why}`,
    actions: [{ kind: 'drop-lock', lockRevision: c.promotion.lockRevision }],
    memory: { promotion: null, holdOffUntil: plus(c.view.now, holdOffMs) },
    wakeInMs: soonMs,
  };
}

/** After the claim an abort means: stop both instances, copy if they were promoted, and start over. */
function abort(c: PromotionContext, why: string): Verdict {
  return {
    because: `promotion aborted: ${why}`,
    actions: [
      { kind: 'fence', reason: why },
      { kind: 'drop-lock', lockRevision: c.promotion.lockRevision },
    ],
    memory: { promotion: null, holdOffUntil: plus(c.view.now, holdOffMs) },
    wakeInMs: soonMs,
  };
}

const claimed = (c: PromotionContext): boolean =>
  c.cluster.sync.value.term === c.promotion.term && c.cluster.sync.value.master === c.view.self.name;

export const promotionRules: readonly Rule<PromotionContext>[] = [
  {
    id: 'loses-the-lock',
    about:
      'The promotion lock is gone or is another: what was not claimed is restored, what was claimed is stopped.',
    apply: (c) => {
      if (c.lock !== null && c.lock.createRevision === c.promotion.lockRevision) return null;
      const touched =
        claimed(c) || c.promotion.claimedSince !== null || !both(c.view.instances, (i) => i.inRecovery);
      if (!touched)
        return { because: 'the promotion lock was lost', memory: { promotion: null }, wakeInMs: soonMs };
      return {
        because: 'the promotion lock was lost after the claim: stopping',
        actions: [{ kind: 'fence', reason: 'promotion lock lost' }],
        memory: { promotion: null },
        wakeInMs: soonMs,
      };
    },
  },
  {
    id: 'gives-up-without-its-instances',
    about:
      'An instance of the winner ended or hangs: before the claim the lock is given back, after it both are stopped.',
    apply: (c) => {
      const ended = either(c.view.instances, isDown);
      if (claimed(c)) return ended ? abort(c, 'an instance ended') : null;
      return ended || either(c.view.instances, (i) => i.state !== 'running')
        ? giveBack(c, 'an instance is not running')
        : null;
    },
  },
  {
    id: 'aborts-late-promotion',
    about: 'A promotion that takes more than five seconds, or came out on another timeline, is stopped.',
    apply: (c) => {
      if (!claimed(c)) return null;
      const { planned, claimedTerm } = c.view.record;
      if (planned === null || claimedTerm !== c.promotion.term)
        return abort(c, 'the claim is not on local record');
      const { claimedSince } = c.promotion;
      if (claimedSince === null) return abort(c, 'it was given up before');
      if (heldFor(c, claimedSince) > promotionLimitMs) {
        return abort(c, 'an instance was not promoted in time');
      }
      const { data, audit } = c.view.instances;
      const wrong = [
        data.state === 'running' &&
          !data.inRecovery &&
          data.timeline !== null &&
          data.timeline !== planned.data,
        audit.state === 'running' &&
          !audit.inRecovery &&
          audit.timeline !== null &&
          audit.timeline !== planned.audit,
      ];
      if (!wrong.includes(true)) return null;
      const verdict = abort(c, 'an instance came out on another timeline than planned');
      const mark = { kind: 'mark-for-copy', reason: 'promoted onto an unplanned timeline' } as const;
      return { ...verdict, actions: [mark, ...(verdict.actions ?? [])] };
    },
  },
  {
    id: 'waits-for-a-promoted-instance',
    about:
      'An instance did not answer this turn: the promotion goes on when it does, within its five seconds.',
    apply: (c) =>
      both(c.view.instances, (i) => i.state === 'running')
        ? null
        : {
            because: 'an instance did not answer this turn',
            ...(claimed(c) ? { serving: aboutToLead } : {}),
            wakeInMs: soonMs,
          },
  },
  {
    id: 'detaches',
    about:
      'Before anything else the winner leaves the old master: no write is acknowledged with its help any more.',
    apply: (c) => {
      if (claimed(c) || c.promotion.gather === 'streaming') return null;
      if (both(c.view.instances, isDetached)) {
        if (c.promotion.detachedSince !== null) return null;
        return {
          because: 'detached from the old master',
          memory: { promotion: { ...c.promotion, detachedSince: c.view.now, gatherSince: c.view.now } },
          wakeInMs: 0,
          again: true,
        };
      }
      const since = c.promotion.gatherSince ?? c.promotion.since;
      if (heldFor(c, since) > detachLimitMs) return giveBack(c, 'the WAL receivers did not end in time');
      return { because: 'detaching from the old master', actions: [{ kind: 'detach' }], wakeInMs: 5 };
    },
  },
  {
    id: 'gathers',
    about:
      'Asks the other detached standbys how much they have; fetches from one that has more, so that it need not rewind.',
    apply: (c) => (claimed(c) || c.promotion.gather === 'done' ? null : gatherStep(c)),
  },
  {
    id: 'blocks-acknowledgement',
    about:
      'The name of nobody is required before the promotion, so that the first write waits for a confirmed standby.',
    apply: (c) => {
      const sync = c.cluster.sync.value;
      const wanted = requiredNames(
        claimed(c) ? sync : claimedSync(c.view.self.name, c.promotion.term, sync, false),
      );
      if (both(c.view.instances, (i) => waitsFor(i.requiredNames, wanted))) return null;
      return {
        because: 'nobody may acknowledge yet',
        actions: [{ kind: 'require', names: wanted }],
        wakeInMs: 0,
      };
    },
  },
  {
    id: 'claims-the-term',
    about:
      'One transaction writes the history and moves the synchronous set to the new term, nobody confirmed; then both instances are promoted, and once both are up the leader key is written.',
    apply: (c) => {
      if (claimed(c)) return null;
      if (c.cluster.sync.modRevision !== c.promotion.syncRevision) {
        return giveBack(c, 'the synchronous set changed since the takeover');
      }
      const timelines = nextTimelines(c);
      const { planned, claimedTerm } = c.view.record;
      const noted = claimedTerm === c.promotion.term && sameTimelines(planned, timelines);
      const history = historyOf(c, c.promotion.term, timelines);
      const sync = claimedSync(c.view.self.name, c.promotion.term, c.cluster.sync.value, history.forced);
      return {
        because: `claiming term ${c.promotion.term} with timelines ${timelines.data} and ${timelines.audit}`,
        actions: [
          ...(noted ? [] : [{ kind: 'plan-timelines', term: c.promotion.term, timelines } as const]),
          {
            kind: 'claim',
            lockRevision: c.promotion.lockRevision,
            syncRevision: c.cluster.sync.modRevision,
            sync,
            history,
          },
          // In the same turn: each is reached only when the one before was answered with yes.
          { kind: 'promote' },
          {
            kind: 'lead',
            lockRevision: c.promotion.lockRevision,
            syncRevision: null,
            term: c.promotion.term,
          },
        ],
        memory: { promotion: { ...c.promotion, claimedSince: c.view.now } },
        serving: aboutToLead,
        wakeInMs: 0,
      };
    },
  },
  {
    id: 'promotes',
    about: 'The claim stands and an instance is no primary yet: both are promoted in parallel.',
    apply: (c) => {
      if (both(c.view.instances, (i) => i.state === 'running' && !i.inRecovery)) return null;
      // Promoted before, and restarted since: a second promotion would take a number that nobody planned.
      const planned = c.view.record.planned;
      const again = instanceNames.some(
        (i) => c.view.instances[i].inRecovery && c.view.instances[i].timeline === planned?.[i],
      );
      if (again) return abort(c, 'an instance was restarted after its promotion');
      return {
        because: 'promoting both instances',
        actions: [{ kind: 'promote' }],
        serving: aboutToLead,
        wakeInMs: 0,
      };
    },
  },
  {
    id: 'takes-the-lead',
    about:
      'Both are up, and the turn that promoted them did not get to it: one transaction writes the leader key and the first beat and deletes the lock.',
    apply: (c) => {
      if (!both(c.view.instances, (i) => i.timeline !== null && i.lineage.length > 0)) {
        return { because: 'reading the new timelines', serving: aboutToLead, wakeInMs: 5 };
      }
      return {
        because: `leading term ${c.promotion.term}`,
        actions: [
          {
            kind: 'lead',
            lockRevision: c.promotion.lockRevision,
            syncRevision: c.cluster.sync.modRevision,
            term: c.promotion.term,
          },
        ],
        serving: aboutToLead,
        wakeInMs: 0,
      };
    },
  },
];
