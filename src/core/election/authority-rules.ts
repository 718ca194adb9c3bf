import { authorityUntilMs } from './authority.ts';
import type { Context, Rule, Verdict } from './rule.ts';
import type { ElectionState } from './state.ts';

const whileLeading: readonly Rule[] = [
  {
    id: 'session-gone',
    about: 'the session has ended: the lock is anybody’s',
    decide: (c) => (c.state.session === null ? depose(c, 'the session has ended') : null),
  },
  {
    id: 'lock-lost',
    about: 'the lock is not ours any more',
    decide: (c) => {
      const because = lossOf(c.state);
      if (because === null) return null;
      const verdict = depose(c, because);
      // Perhaps the session has ended: to know it at once is to be back soon.
      const { session, nowMs } = verdict.state;
      const asked = session === null ? null : { ...session, renewDueMs: nowMs };
      return { ...verdict, state: { ...verdict.state, session: asked } };
    },
  },
  {
    id: 'authority-over',
    about: 'neither session nor lock could be proven in time: the session may end soon',
    decide: (c) => {
      const until = authorityUntilMs(c.state, c.timing);
      if (until === null || c.state.nowMs < until) return null;
      return depose(c, 'the store has not confirmed the session and the lock in time');
    },
  },
  {
    id: 'asked-to-stop',
    about: 'this contender ends',
    decide: (c) => (c.state.stopByMs === null ? null : depose(c, 'it was asked to stop')),
  },
  {
    id: 'unfit',
    about: 'the task must not lead, as its checks say',
    decide: (c) => (c.state.unfitBecause === null ? null : depose(c, c.state.unfitBecause)),
  },
  {
    id: 'asked-to-step-down',
    about: 'somebody wants another leader',
    decide: (c) => (c.state.stepDownAsked ? depose(c, 'it was asked to step down') : null),
  },
];

/** Whoever may not lead any more is deposed at once, before anything else is done. */
export const authorityRules: readonly Rule[] = whileLeading.map((rule) => ({
  ...rule,
  decide: (c) => (c.state.office.kind === 'leading' ? rule.decide(c) : null),
}));

function depose({ state }: Context, because: string): Verdict {
  return {
    state: { ...state, office: { kind: 'deposing' } },
    actions: [{ kind: 'depose', because }],
    because: `leads no more: ${because}`,
  };
}

function lossOf({ office, session, lock }: ElectionState): string | null {
  if (office.kind !== 'leading' || lock === null || session === null) return null;
  if (lock.holder === session.id && lock.token === office.token) return null;
  if (lock.holder === session.id) return 'the lock was made anew, and taken again';
  if (lock.holder !== null) return 'somebody else holds the lock';
  return lock.isUnsettled ? 'the lock was deleted' : 'the lock was released by somebody else';
}
