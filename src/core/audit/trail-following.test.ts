import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExportedChains, ExportedRow } from './exported.ts';
import {
  afterAll,
  afterLoss,
  afterRows,
  askingFor,
  type Following,
  look,
  newFollowing,
  stillBehind,
} from './trail-following.ts';

/** A trail whose transactions commit in an order that the test chooses. */
class Trail {
  #rows: readonly (ExportedRow & { readonly xid: number })[] = [];
  #lastId = 0;
  #nextXid = 1;
  readonly #open = new Set<number>();

  begin(chain: number, count: number): number {
    const xid = this.#nextXid;
    this.#nextXid += 1;
    const before = this.#rows.filter((row) => row.chain === chain).length;
    const rows = Array.from({ length: count }, (_, at) => {
      this.#lastId += 1;
      return rowOf({ id: this.#lastId, chain, seq: before + at + 1, xid });
    });
    this.#rows = [...this.#rows, ...rows];
    this.#open.add(xid);
    return xid;
  }

  commit(...xids: readonly number[]): void {
    for (const xid of xids) this.#open.delete(xid);
  }

  seen(): ExportedChains {
    const rows = this.#visible();
    const chains = [...new Set(this.#rows.map(({ chain }) => chain ?? 0))].map((id) => ({
      id,
      node: 'n',
      chain: `c${id}`,
      before: null,
      opening: '',
      afterId: 0n,
      pruned: null,
      head: { seq: rows.filter(({ chain }) => chain === id).length, hash: '' },
    }));
    return {
      chains,
      ids: null,
      moment: {
        lastId: BigInt(this.#lastId),
        endedBefore: BigInt(Math.min(this.#nextXid, ...this.#open)),
        begunBefore: BigInt(this.#nextXid),
      },
    };
  }

  rows(after: bigint, behind: ReadonlyMap<number, number>, limit: number): readonly ExportedRow[] {
    return this.#visible()
      .filter(
        ({ id, chain, seq }) =>
          id > after && (seq ?? 0) > (behind.get(chain ?? 0) ?? Number.POSITIVE_INFINITY),
      )
      .slice(0, limit);
  }

  #visible(): readonly ExportedRow[] {
    return this.#rows.filter(({ xid }) => !this.#open.has(xid));
  }
}

function rowOf({
  id,
  chain,
  seq,
  xid,
}: {
  id: number;
  chain: number;
  seq: number;
  xid: number;
}): ExportedRow & {
  readonly xid: number;
} {
  const record = {
    facility: 1,
    severity: 1,
    timestamp: '',
    appname: '',
    procid: '',
    msgid: '',
    sdata: {},
    message: '',
  };
  return { id: BigInt(id), node: 'n', chain, seq, hash: '', record, xid };
}

/** Everything that one look shows, in pages of two. */
function readAll(
  trail: Trail,
  before: Following,
): { readonly following: Following; readonly read: readonly string[] } {
  const seen = trail.seen();
  const sighting = look(before, seen, true);
  let { following } = sighting;
  const read: string[] = [];
  for (let open = sighting.behind; open.length > 0; open = stillBehind(following, open)) {
    const { after, behind } = askingFor(following, open);
    const step = afterRows(following, open, trail.rows(after, behind, 2));
    following = step.following;
    read.push(...step.fresh.map(({ chain, seq }) => `${chain}.${seq}`));
  }
  return { following: following.read === null ? following : afterAll(following, seen), read };
}

describe('following a trail', () => {
  it('shows each record once, also those that are seen behind later ones', () => {
    const trail = new Trail();
    trail.commit(trail.begin(1, 1));
    let state = readAll(trail, newFollowing);
    assert.deepEqual([state.read, state.following.floor], [[], 1n], 'what was there is not shown');
    const slow = trail.begin(1, 2);
    trail.commit(trail.begin(2, 3));
    state = readAll(trail, state.following);
    assert.deepEqual([state.read, state.following.floor], [['2.1', '2.2', '2.3'], 1n]);
    trail.commit(slow);
    state = readAll(trail, state.following);
    assert.deepEqual([state.read, state.following.floor], [['1.2', '1.3'], 6n]);
    trail.commit(trail.begin(1, 1), trail.begin(3, 1));
    state = readAll(trail, state.following);
    assert.deepEqual(state.read, ['1.4', '3.1']);
    assert.deepEqual(readAll(trail, state.following).read, []);
  });

  it('begins once nothing is under way that would be looked for in the whole trail', () => {
    const trail = new Trail();
    const slow = trail.begin(1, 1);
    const early = readAll(trail, newFollowing);
    assert.equal(early.following.read, null);
    assert.notEqual(look(newFollowing, trail.seen(), false).following.read, null, 'or patience ends');
    trail.commit(slow);
    const begun = readAll(trail, early.following);
    assert.notEqual(begun.following.read, null);
    assert.equal(begun.following.floor, 1n);
  });

  it('goes on after a loss from what was read, whatever ids there are then', () => {
    const trail = new Trail();
    trail.commit(trail.begin(1, 3));
    const begun = readAll(trail, newFollowing).following;
    trail.commit(trail.begin(1, 1));
    const lost = afterLoss(begun);
    assert.deepEqual(askingFor(lost, trail.seen().chains).after, 0n);
    assert.deepEqual(readAll(trail, lost).read, ['1.4']);
  });

  it('tells which chains lost records that were read, and goes on behind what is left', () => {
    const trail = new Trail();
    trail.commit(trail.begin(1, 1));
    const begun = readAll(trail, newFollowing).following;
    const ahead: Following = { ...begun, read: new Map([['n c1', 5]]) };
    const { shortened, behind, following } = look(ahead, trail.seen(), true);
    assert.deepEqual(
      shortened.map(({ chain }) => chain),
      ['c1'],
    );
    assert.deepEqual([behind, following.floor, following.read?.get('n c1')], [[], null, 1]);
  });

  it('passes over what was thrown away before it could be read', () => {
    const trail = new Trail();
    trail.commit(trail.begin(1, 1));
    const begun = readAll(trail, newFollowing).following;
    trail.commit(trail.begin(1, 2));
    const { following, behind } = look(begun, trail.seen(), true);
    const step = afterRows(following, behind, []);
    assert.deepEqual([step.fresh, stillBehind(step.following, behind)], [[], []]);
  });

  it('gets each record once in random orders of commits', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      let state = seed;
      const below = (limit: number): number => {
        state = (state * 48_271) % 2_147_483_647;
        return state % limit;
      };
      const trail = new Trail();
      let following: Following = readAll(trail, newFollowing).following;
      const open = new Map<number, number>();
      const got: string[] = [];
      const written = new Map<number, number>();
      for (let turn = 0; turn < 60; turn += 1) {
        const chain = 1 + below(4);
        if (open.has(chain)) {
          trail.commit(open.get(chain) ?? 0);
          open.delete(chain);
        } else {
          const count = 1 + below(3);
          open.set(chain, trail.begin(chain, count));
          written.set(chain, (written.get(chain) ?? 0) + count);
        }
        if (below(2) === 0) {
          const next = readAll(trail, following);
          following = next.following;
          got.push(...next.read);
        }
      }
      trail.commit(...open.values());
      got.push(...readAll(trail, following).read);
      const all = [...written].flatMap(([chain, count]) =>
        Array.from({ length: count }, (_, at) => `${chain}.${at + 1}`),
      );
      assert.deepEqual(got.toSorted(), all.toSorted(), `seed ${seed}`);
    }
  });
});
