import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../core/random.ts';
import { joinedPages, type PagedList } from './joined-pages.ts';
import { ApiRefusal } from './refusal.ts';

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `a:variable:${String(at).padStart(6, '0')}`);
}

/** A server with a list that changes between two pages, and gives so many at once. */
function serverOf(list: string[], most: number, change: (at: number) => void = () => undefined) {
  const asked: { readonly limit: number; readonly offset: number }[] = [];
  const readPage: PagedList['readPage'] = async ({ limit, offset }) => {
    if (limit > most) throw tooMany(most);
    if (asked.length > 0) change(asked.length);
    asked.push({ limit, offset });
    return list.slice(offset, offset + limit).map((id) => ({ id }));
  };
  return { asked, readPage };
}

function tooMany(most: number): ApiRefusal {
  const message = `'limit' parameter must not exceed ${most}`;
  const answer = { status: 422, header: () => null, bytes: new Uint8Array() };
  return new ApiRefusal('api_invalid', message, answer, { code: '', message });
}

async function readAll(readPage: PagedList['readPage'], { offset = 0, limit = Infinity } = {}) {
  const found: unknown[] = [];
  for await (const page of joinedPages({ readPage, offset, limit })) found.push(...page.map(({ id }) => id));
  return found;
}

describe('pages of a list that changes while it is read', () => {
  it('are the list when nothing changes, whatever a server gives at once', async () => {
    for (const count of [0, 1, 2, 3, 4, 5, 7, 10]) {
      for (const most of [1, 2, 3, 5, 100]) {
        const list = ids(count);
        assert.deepEqual(await readAll(serverOf(list, most).readPage), list);
        const part = await readAll(serverOf(list, most).readPage, { offset: 1, limit: 4 });
        assert.deepEqual(part, list.slice(1, 5), `${count} by ${most}`);
      }
    }
  });

  it('cost no request more than without the overlap', async () => {
    const { asked, readPage } = serverOf(ids(2500), 10_000);
    assert.equal((await readAll(readPage)).length, 2500);
    assert.deepEqual(
      asked.map(({ offset }) => offset),
      [0, 999, 1998],
    );
  });

  it('miss nothing that stays when something before it is deleted, the last one seen included', async () => {
    for (const gone of [[0], [9], [0, 9], [1, 2, 3, 4, 5, 6, 7], ids(10).map((_, at) => at)]) {
      const list = ids(30);
      const left = list.filter((_, at) => !gone.includes(at));
      const { readPage } = serverOf(list, 10, (at) => {
        if (at === 1) list.splice(0, list.length, ...left);
      });
      const found = new Set(await readAll(readPage));
      assert.deepEqual(
        left.filter((id) => !found.has(id)),
        [],
        `${gone.length} are gone`,
      );
    }
  });

  it('miss nothing that stays, whatever comes and goes', async () => {
    const random = seededRandom(20_261_122);
    for (let round = 0; round < 300; round += 1) {
      const list = ids(60);
      const stays = new Set(list.filter(() => random.chance(2)));
      const { readPage, asked } = serverOf(list, 2 + random.below(9), () => {
        for (let times = random.below(4); times > 0; times -= 1) {
          const at = random.below(list.length);
          const id = list[at] ?? '';
          if (random.chance(3)) list.splice(at, 0, `${id}+`);
          else if (!stays.has(id)) list.splice(at, 1);
        }
      });
      const found = new Set(await readAll(readPage));
      assert.deepEqual(
        [...stays].filter((id) => !found.has(id)),
        [],
        `round ${round}`,
      );
      assert.ok(asked.length < 1000, String(asked.length));
    }
  });
});
