import { plus } from '../../clock.ts';
import type { Action, Decision } from '../action.ts';
import type { InstanceName, SyncRecord } from '../cluster-state.ts';
import { encodeRecord, decodeRecord } from '../codec.ts';
import { decide } from '../decide.ts';
import type { Memory } from '../memory.ts';
import type { Transaction } from '../transactions.ts';
import type { InstanceView, View } from '../view.ts';
import type { Edge } from './edge.ts';
import { keys } from './model-store.ts';

type Decide = typeof decide;

/** One safety measure taken away. Where two guard the same thing, both are: each alone would be caught by nothing. */
export interface Mutation {
  readonly what: string;
  /** The seed at which it showed last. */
  readonly from: number;
  /** Fresh for each run: some remember. */
  readonly make: () => { readonly decide?: Decide; readonly edge?: Edge };
}

const transact = (kinds: readonly Action['kind'][], change: (t: Transaction) => Transaction): Edge => ({
  transact: (action, transaction) => (kinds.includes(action.kind) ? change(transaction) : transaction),
});

const without =
  (...compared: readonly string[]) =>
  (t: Transaction): Transaction => ({
    ...t,
    compare: t.compare.filter(({ key }) => !compared.includes(key)),
  });

const seeing =
  (change: (view: View, memory: Memory) => View): Decide =>
  (view, memory) =>
    decide(change(view, memory), memory);

const acting =
  (change: (action: Action, view: View, decision: Decision<Memory>) => readonly Action[]): Decide =>
  (view, memory) => {
    const decision = decide(view, memory);
    return { ...decision, actions: decision.actions.flatMap((action) => change(action, view, decision)) };
  };

const instancesAs = (view: View, change: (i: InstanceView, name: InstanceName) => InstanceView): View => ({
  ...view,
  instances: { data: change(view.instances.data, 'data'), audit: change(view.instances.audit, 'audit') },
});

const syncAs = (view: View, change: (sync: SyncRecord) => SyncRecord): View => {
  const { cluster } = view;
  if (cluster === null) return view;
  return { ...view, cluster: { ...cluster, sync: { ...cluster.sync, value: change(cluster.sync.value) } } };
};

export const mutations: readonly Mutation[] = [
  {
    what: 'released before everything is seen dead: nothing is killed, the workers are not told',
    from: 3,
    make: () => ({
      decide: (view, memory) => {
        const giving = memory.givingUp !== null;
        const blind: View = giving
          ? { ...instancesAs(view, (i) => ({ ...i, state: 'stopped' })), strays: false }
          : view;
        const decision = decide(blind, memory);
        if (decision.memory.givingUp === null) return decision;
        return {
          ...decision,
          actions: decision.actions.filter((a) => a.kind !== 'fence'),
          serving: { ...decision.serving, role: 'master', writes: 'open' },
        };
      },
    }),
  },
  {
    what: 'the takeover compares no beat',
    from: 100,
    make: () => ({ edge: transact(['take-lock'], without(keys.beat)) }),
  },
  {
    what: 'the revision of sync is compared by nobody (takeover, claim, confirmation)',
    from: 236,
    make: () => ({
      edge: transact(['take-lock', 'claim', 'write-sync', 'lead'], without(keys.sync, keys.leader)),
      decide: (view, memory) => {
        const { promotion } = memory;
        const syncRevision = view.cluster?.sync.modRevision ?? 0;
        return decide(
          view,
          promotion === null ? memory : { ...memory, promotion: { ...promotion, syncRevision } },
        );
      },
    }),
  },
  {
    what: 'a missing leader key alone is enough',
    from: 630,
    make: () => ({
      decide: (view, memory) => {
        if (view.cluster === null || view.cluster.leader !== null) return decide(view, memory);
        const beatSeen = { revision: view.cluster.beat?.modRevision ?? 0, since: plus(view.now, -60_000) };
        return decide(view, { ...memory, beatSeen });
      },
    }),
  },
  {
    what: 'no placeholder, and clients are let in at once',
    from: 0,
    make: () => ({
      edge: { knowsPlaceholder: true },
      decide: (view, memory) => {
        const decision = decide(view, memory);
        const leads = decision.memory.leading !== null && decision.memory.givingUp === null;
        if (!leads) return decision;
        return { ...decision, serving: { ...decision.serving, role: 'master', writes: 'open' } };
      },
    }),
  },
  { what: 'a name is dropped in PostgreSQL before it is in etcd', from: 1, make: dropsFirst },
  { what: 'a standby is confirmed in etcd before PostgreSQL waits for it', from: 1, make: confirmsFirst },
  {
    what: 'names count as in effect before every sender obeys',
    from: 2,
    make: () => ({ edge: { showsNamesEarly: true } }),
  },
  {
    what: 'any streaming standby may confirm a write (a spare name)',
    from: 1,
    make: () => ({ edge: { hearsAnybody: true } }),
  },
  {
    what: 'the claim keeps nobody of the term before',
    from: 366,
    make: () => ({
      edge: transact(['claim'], (t) => ({
        ...t,
        writes: t.writes.map((write) => {
          if (write.kind !== 'put' || write.key !== keys.sync) return write;
          return {
            ...write,
            value: encodeRecord({ ...decodeRecord<SyncRecord>(write.value), previous: [] }),
          };
        }),
      })),
    }),
  },
  {
    what: 'a half-rewound directory counts as whole',
    from: 7,
    make: () => ({ decide: seeing((view) => ({ ...view, marker: false })), edge: { startsRuined: true } }),
  },
  {
    what: 'whoever holds every write is rewound in place',
    from: 12,
    make: () => ({
      decide: acting((action) => [
        action.kind === 'copy' ? { kind: 'rewind', source: action.source } : action,
      ]),
    }),
  },
  {
    what: 'authority counts from the answer',
    from: 9031,
    make: () => ({ edge: { countsFromAnswer: true } }),
  },
  {
    what: 'a beat with a shorter ttl leaves the authority that stands',
    from: 5659,
    make: () => ({ edge: { keepsLongAuthority: true } }),
  },
  { what: 'workers answer past the deadline', from: 253, make: () => ({ edge: { answersOn: true } }) },
  {
    what: 'nobody detaches from a master that answers on',
    from: 22_002,
    make: () => ({ edge: { keepsReceivers: true, answersOn: true, judgesWritesAlone: true } }),
  },
  {
    what: 'a beat compares nothing',
    from: 248,
    make: () => ({
      edge: transact(['beat'], without(keys.leader)),
      decide: (view, memory) => {
        // The rule that sees the key gone would fence first.
        const decision = decide(view, memory);
        return decision.rule === 'fences-when-deposed' ? { ...decision, actions: [], memory } : decision;
      },
    }),
  },
  {
    what: 'the claim compares neither lock nor sync',
    from: 2174,
    make: () => ({
      edge: transact(['claim'], (t) => ({ ...t, compare: [] })),
    }),
  },
  {
    what: 'PostgreSQL takes the next timeline by itself',
    from: 7,
    make: () => ({ edge: { ignoresPlan: true } }),
  },
  {
    what: 'an unanswered change of the synchronous set is forgotten',
    from: 2187,
    make: () => ({
      decide: (view, memory) => {
        const { leading } = memory;
        return decide(
          view,
          leading === null ? memory : { ...memory, leading: { ...leading, syncWriteAt: null } },
        );
      },
      edge: transact(['write-sync'], without(keys.sync)),
    }),
  },
  {
    what: 'a candidate reads a clock that jumps forward',
    from: 20,
    make: () => {
      let turns = 0;
      return {
        decide: (view, memory) => {
          turns += 1;
          const jump = memory.leading === null && turns % 50 === 0;
          return decide(jump ? { ...view, now: plus(view.now, 60_000) } : view, memory);
        },
      };
    },
  },
  {
    what: 'every standby counts as holding every write',
    from: 23,
    make: () => ({
      decide: seeing((view, memory) =>
        memory.leading !== null || memory.promotion !== null
          ? view
          : syncAs(view, (sync) =>
              sync.standbys.length === 0 ? sync : { ...sync, standbys: [...sync.standbys, view.self.name] },
            ),
      ),
    }),
  },
  {
    what: 'a master whose key is gone goes on until its deadline, which nobody keeps',
    from: 21,
    make: () => ({
      edge: { answersOn: true },
      decide: (view, memory) => {
        const decision = decide(view, memory);
        return decision.rule.startsWith('fences-') ? { ...decision, actions: [], memory } : decision;
      },
    }),
  },
];

/** Replaces a name at once; what the rules see is what they asked for. */
function dropsFirst(): { readonly decide: Decide } {
  const shown = new Map<string, readonly string[]>();
  return {
    decide: (view, memory) => {
      const asked = shown.get(view.self.bootId);
      const real = view.instances.data.requiredNames;
      const pretend = asked !== undefined && !real.includes('?') && asked.length > real.length;
      const decision = decide(
        pretend ? instancesAs(view, (i) => ({ ...i, requiredNames: asked })) : view,
        memory,
      );
      const stored = view.cluster?.sync.value.standbys ?? [];
      const actions = decision.actions.map((action): Action => {
        if (action.kind !== 'require') return action;
        const fresh = action.names.filter((name) => !stored.includes(name));
        shown.set(view.self.bootId, action.names);
        return fresh.length === 0 || stored.length === 0 ? action : { ...action, names: fresh };
      });
      return { ...decision, actions };
    },
  };
}

/** Writes the newcomer at once; the names follow. */
function confirmsFirst(): { readonly decide: Decide } {
  return {
    decide: (view, memory) => {
      const first = decide(view, memory);
      const asked = first.actions.find((action) => action.kind === 'require');
      const stored = view.cluster?.sync.value.standbys ?? [];
      if (first.rule !== 'changes-the-synchronous-set' || asked === undefined) return first;
      if (asked.names.every((name) => stored.includes(name))) return first;
      const lie = instancesAs(view, (i) => ({
        ...i,
        requiredNames: asked.names,
        replicas: i.replicas.map((r) => ({ ...r, synchronous: true, flushLsn: i.lsn })),
      }));
      const second = decide(lie, memory);
      return decide(lie, { ...second.memory });
    },
  };
}
