import { either, heldFor, isDown, type Rule, type Verdict } from './context.ts';
import { handOverStart, handOverStep } from './hand-over.ts';
import { housekeeping } from './housekeeping.ts';
import { type LeadingContext, servingAsLeader } from './leading-context.ts';
import { syncStep } from './sync-set.ts';
import { awaitOftenMs, soonMs } from './timing.ts';

function abandon(c: LeadingContext, reason: string): Verdict {
  return {
    because: `${reason}: releasing mastership`,
    // The release is reached only when every process was seen dead.
    actions: [
      { kind: 'fence', reason },
      {
        kind: 'release',
        leaderRevision: c.leading.createRevision,
        term: c.leading.term,
        reason,
        successor: null,
      },
    ],
    memory: {
      givingUp: {
        reason,
        successor: null,
        leaderRevision: c.leading.createRevision,
        term: c.leading.term,
        since: c.view.now,
      },
      handOver: null,
    },
    wakeInMs: 0,
  };
}

const stopping = (c: LeadingContext): boolean => c.memory.handOver?.stage === 'stop';

export const leadingRules: readonly Rule<LeadingContext>[] = [
  {
    id: 'releases-when-a-postmaster-ended',
    about:
      'A postmaster of the master ended: what it had may be acknowledged by nobody; kills the rest and releases.',
    apply: (c) => {
      if (stopping(c) || !either(c.view.instances, isDown)) return null;
      const which = c.view.instances.data.state === 'running' ? 'audit' : 'data';
      return abandon(c, `the ${which} instance of the master ended`);
    },
  },
  {
    id: 'releases-when-an-instance-is-read-only',
    about:
      'This node was restarted before it learnt that its lead had been written: its instances are standbys. Kills and releases.',
    apply: (c) => {
      const restarted = either(
        c.view.instances,
        (i) => i.state === 'starting' || (i.state === 'running' && i.inRecovery),
      );
      if (stopping(c) || !restarted) return null;
      return abandon(c, 'an instance of the master was restarted as a standby');
    },
  },
  {
    id: 'releases-when-an-instance-hangs',
    about: 'An instance of the master has not answered for half a ttl: kills it and releases.',
    apply: (c) => {
      const since = c.leading.unresponsiveSince;
      if (since === null || stopping(c)) return null;
      const limit = Math.max(1000, c.cluster.config.value.ttlMs / 2);
      if (heldFor(c, since) < limit) return null;
      return abandon(c, 'an instance of the master does not answer');
    },
  },
  {
    id: 'releases-when-another-claimed',
    about:
      'The synchronous set names another term or master: this node can acknowledge nothing. Kills and releases.',
    apply: (c) => {
      const sync = c.cluster.sync.value;
      if (sync.term === c.leading.term && sync.master === c.view.self.name) return null;
      return abandon(c, `term ${sync.term} was claimed by ${sync.master}`);
    },
  },
  {
    id: 'hands-over',
    about:
      'A planned end under way: writes held, then both instances stopped, then the key released to the successor.',
    apply: (c) => (c.memory.handOver?.stage === 'checkpoint' ? null : handOverStep(c)),
  },
  {
    id: 'waits-for-a-hanging-instance',
    about: 'An instance did not answer this turn: nothing is concluded from it yet.',
    apply: (c) =>
      c.leading.unresponsiveSince === null
        ? null
        : { because: 'an instance did not answer this turn', serving: servingAsLeader(c), wakeInMs: soonMs },
  },
  {
    id: 'changes-the-synchronous-set',
    about: 'Adds, replaces or removes confirmed standbys, one safe step a turn.',
    apply: (c) => {
      const verdict = syncStep(c, c.cluster, c.leading);
      return verdict === null ? null : { serving: servingAsLeader(c), ...verdict };
    },
  },
  {
    id: 'prepares-a-hand-over',
    about: 'A planned end: a checkpoint first, so that the stop is short.',
    apply: (c) => (c.memory.handOver === null ? null : handOverStep(c)),
  },
  {
    id: 'begins-a-hand-over',
    about:
      'The operator asked for a switchover, the node was told to stop, or is ailing, and a confirmed standby is there.',
    apply: (c) => handOverStart(c),
  },
  {
    id: 'keeps-records',
    about: 'Writes who was evicted, who is back, and where the timelines parted.',
    apply: (c) => {
      const actions = housekeeping(c);
      return actions === null
        ? null
        : { because: actions.because, actions: [actions.action], serving: servingAsLeader(c) };
    },
  },
  {
    id: 'leads',
    about: 'Nothing to do but to renew authority.',
    apply: (c) => ({
      because: leadingSentence(c),
      serving: servingAsLeader(c),
      ...(awaitsStandby(c) ? { wakeInMs: 2 * soonMs } : {}),
    }),
  },
];

/** Writes wait for a standby that may connect any moment: looked for often, for a while. */
function awaitsStandby(c: LeadingContext): boolean {
  const since = c.leading.lonelySince;
  return since !== null && heldFor(c, since) < awaitOftenMs;
}

function leadingSentence(c: LeadingContext): string {
  const { standbys, alone } = c.cluster.sync.value;
  const who = `master of term ${c.leading.term}`;
  if (alone) return `${who}, alone: no standby has joined yet`;
  if (standbys.length === 0 && c.leading.confirmed)
    return `${who}, for reads alone: writes wait until a first standby is confirmed`;
  if (standbys.length === 0) return `${who}: clients wait until a first standby is confirmed`;
  if (c.leading.lonelySince !== null)
    return `${who}: ${standbys.join(', ')} not connected, writes are refused`;
  return `${who}; every write is confirmed by ${standbys.join(', ')}`;
}
