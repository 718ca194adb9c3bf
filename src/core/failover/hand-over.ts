import { allDead, heldFor, type Verdict, waitedFor } from './context.ts';
import { type LeadingContext, servingAsLeader } from './leading-context.ts';
import type { HandOver } from './memory.ts';
import { isFit } from './eligibility.ts';
import { liveReplica } from './sync-set.ts';
import { checkpointLimitMs, drainLimitMs, eventMs, soonMs, stopLimitMs } from './timing.ts';

/** Whether a planned end should begin now. */
export function handOverStart(c: LeadingContext): Verdict | null {
  const { switchover, sync } = c.cluster;
  const ready = sync.value.standbys.filter((name) => liveReplica(c, name));
  if (c.view.stopRequested) return begin(c, 'shutdown', ready[0] ?? null, 'the master was told to stop');
  if (switchover !== null) {
    const to = switchover.value.to ?? ready[0] ?? null;
    if (to !== null && ready.includes(to)) return begin(c, 'switchover', to, `switchover to ${to}`);
    const refused =
      to !== null && !c.cluster.config.value.members.some((m) => m.name === to && m.kind === 'standby');
    if (refused || to === c.view.self.name) {
      return {
        because: `switchover refused: ${to} is not another declared standby`,
        actions: [{ kind: 'drop-request', key: 'switchover', revision: switchover.modRevision }],
        serving: servingAsLeader(c),
      };
    }
    return {
      because: `switchover waits for ${to ?? 'a standby'} to be confirmed`,
      serving: servingAsLeader(c),
      wakeInMs: soonMs,
    };
  }
  // To one that is better off: two ailing nodes would hand over to each other for ever.
  const better = ready.find((name) => isFit(c.cluster, name)) ?? null;
  if (c.view.ailment === null || better === null || !c.leading.confirmed) return null;
  return begin(c, 'ailment', better, `handing over: ${c.view.ailment}`);
}

function begin(c: LeadingContext, why: HandOver['why'], to: string | null, reason: string): Verdict {
  const since = c.view.now;
  return {
    because: `${reason}: checkpoint first`,
    actions: [{ kind: 'checkpoint' }],
    memory: { handOver: { why, to, reason, since, stage: 'checkpoint', stageSince: since } },
    serving: servingAsLeader(c),
    wakeInMs: soonMs,
  };
}

/** One step of a planned end under way. */
export function handOverStep(c: LeadingContext): Verdict | null {
  const { handOver } = c.memory;
  if (handOver === null) return null;
  if (handOver.stage === 'checkpoint') return afterCheckpoint(c, handOver);
  return handOver.stage === 'hold' ? afterDrain(c, handOver) : afterStop(c, handOver);
}

function afterCheckpoint(c: LeadingContext, handOver: HandOver): Verdict | null {
  const { task } = c.view;
  const waiting = task?.kind === 'checkpoint' && task.state === 'running';
  if (waiting && waitedFor(c, handOver.stageSince) < checkpointLimitMs) {
    return {
      because: `${handOver.reason}: checkpoint under way`,
      serving: servingAsLeader(c),
      wakeInMs: soonMs,
    };
  }
  return hold(c, { ...handOver, stage: 'hold', stageSince: c.view.now });
}

function hold(c: LeadingContext, handOver: HandOver): Verdict {
  return {
    because: `${handOver.reason}: holding writes`,
    memory: { handOver },
    serving: { ...servingAsLeader(c), writes: 'held' },
    wakeInMs: 0,
  };
}

function afterDrain(c: LeadingContext, handOver: HandOver): Verdict {
  const lost = handOver.to !== null && !liveReplica(c, handOver.to);
  if (lost && handOver.why !== 'shutdown') {
    const request = c.cluster.switchover;
    return {
      because: `hand-over given up: ${handOver.to} left`,
      actions:
        request === null ? [] : [{ kind: 'drop-request', key: 'switchover', revision: request.modRevision }],
      memory: { handOver: null },
      serving: { ...servingAsLeader(c), writes: 'open' },
      wakeInMs: 0,
    };
  }
  const drained = c.view.workers.obeying && c.view.workers.writesUnderWay === 0;
  if (!drained && heldFor(c, handOver.stageSince) < drainLimitMs) {
    return {
      because: `${handOver.reason}: writes under way end`,
      serving: servingAsLeader(c),
      wakeInMs: soonMs,
    };
  }
  const next: HandOver = { ...handOver, stage: 'stop', stageSince: c.view.now };
  return {
    because: `${handOver.reason}: stopping both instances`,
    actions: [{ kind: 'stop' }],
    memory: { handOver: next },
    serving: servingAsLeader({ ...c, memory: { ...c.memory, handOver: next } }),
    wakeInMs: 0,
  };
}

function afterStop(c: LeadingContext, handOver: HandOver): Verdict {
  const late = heldFor(c, handOver.stageSince) > stopLimitMs;
  if (!allDead(c.view) && !late) {
    return {
      because: `${handOver.reason}: instances are stopping`,
      // Said again where the slot for long work was taken by a checkpoint that did not end.
      actions: c.view.task?.kind === 'stop' && c.view.task.state === 'running' ? [] : [{ kind: 'stop' }],
      serving: servingAsLeader(c),
      wakeInMs: eventMs,
    };
  }
  // Whoever confirmed the last writes holds them all: nobody else needs to be waited for, or may be.
  const to = handOver.to ?? c.cluster.sync.value.standbys[0] ?? null;
  return {
    because: `${handOver.reason}: stopped`,
    // Also where nothing is left to kill: the authority ends here, or the guardian would end this node when it runs out.
    actions: [
      { kind: 'fence', reason: handOver.reason },
      {
        kind: 'release',
        leaderRevision: c.leading.createRevision,
        term: c.leading.term,
        reason: handOver.reason,
        successor: to,
      },
    ],
    memory: {
      givingUp: {
        reason: handOver.reason,
        successor: to,
        leaderRevision: c.leading.createRevision,
        term: c.leading.term,
        since: c.view.now,
      },
      handOver: null,
      passTo: to === null ? null : { term: c.leading.term, since: c.view.now },
    },
    serving: servingAsLeader(c),
    wakeInMs: 0,
  };
}
