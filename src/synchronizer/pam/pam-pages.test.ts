import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { type PageHabits, readAllPages, unknownHabits } from './pam-pages.ts';
import { readAccountsPage } from './pam-shapes.ts';

interface Server {
  /** The server's own limit of a page. */
  readonly cap: number;
  readonly counts: 'all' | 'page' | 'nothing';
  readonly link?: (offset: number) => string;
  /** Is told the number of each request before it is answered. */
  readonly onRequest?: (requests: number, list: string[]) => void;
}

function entriesOf(ids: readonly string[]): readonly object[] {
  return ids.map((id) => ({ id, name: `name of ${id}`, safeName: 's' }));
}

async function read(
  list: string[],
  { cap, counts, link, onRequest }: Server,
  habits: PageHabits = unknownHabits(),
): Promise<{ readonly ids: readonly string[]; readonly requests: number }> {
  let requests = 0;
  const items = await readAllPages({
    what: 'The list',
    readPage: async (query) => {
      requests += 1;
      onRequest?.(requests, list);
      const asked = new URLSearchParams(query);
      const offset = Number(asked.get('offset'));
      const shown = list.slice(offset, offset + Math.min(cap, Number(asked.get('limit'))));
      const count = { all: list.length, page: shown.length, nothing: undefined }[counts];
      const next = offset + shown.length < list.length ? link?.(offset + shown.length) : undefined;
      return readAccountsPage({ value: entriesOf(shown), count, nextLink: next });
    },
    keyOf: ({ id }) => id,
    habits,
  });
  return { ids: items.map(({ id }) => id), requests };
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `a${at}`);
const link = (offset: number): string => `api/Accounts?filter=safeName eq R&D&offset=${offset}&limit=1000`;

function isUnread(words: RegExp): (error: unknown) => boolean {
  return (error) => isProblem(error, 'source_unexpected') && words.test(error.detail);
}

describe('a list of several pages', () => {
  for (const counts of ['all', 'page', 'nothing'] as const) {
    for (const named of [undefined, link]) {
      for (const [cap, count] of [
        [1000, 1500],
        [10, 25],
        [100, 250],
        [100, 200],
        [2, 7],
        [1, 3],
        [1000, 1],
        [1000, 0],
      ] as const) {
        const words = `${count} entries by ${cap}, ${named === undefined ? 'no links' : 'links'}, counts of ${counts}`;
        it(`is read whole: ${words}`, async () => {
          const server = { cap, counts, ...(named === undefined ? {} : { link: named }) };
          assert.deepEqual((await read(ids(count), server)).ids, ids(count));
        });
      }
    }
  }

  it('costs one request where it has one page, once the server is known', async () => {
    for (const server of [
      { cap: 1000, counts: 'all' },
      { cap: 1000, counts: 'page', link },
    ] as const) {
      const habits = unknownHabits();
      await read(ids(1500), server, habits);
      for (const count of [0, 1, 200, 999])
        assert.equal((await read(ids(count), server, habits)).requests, 1);
    }
  });

  it('finds out by a small list, too, that the server counts the whole', async () => {
    const habits = unknownHabits();
    const server = { cap: 1000, counts: 'all' } as const;
    assert.equal((await read(ids(5), server, habits)).requests, 2);
    assert.equal((await read(ids(5), server, habits)).requests, 1);
  });

  it('follows a link that counts entries which are not shown, by its offset alone', async () => {
    const pages = [entriesOf(['a', 'b']), entriesOf(['c'])];
    const asked: string[] = [];
    const items = await readAllPages({
      what: 'The list',
      readPage: async (query) => {
        asked.push(query);
        const nextLink = asked.length === 1 ? 'https://elsewhere/x?offset=5&token=stolen' : undefined;
        return readAccountsPage({ value: pages[asked.length - 1] ?? [], nextLink });
      },
      keyOf: ({ id }) => id,
      habits: unknownHabits(),
    });
    assert.deepEqual([items.length, asked], [3, ['offset=0&limit=1000', 'offset=5&limit=1000']]);
  });

  it('is read once more when one entry goes and one comes between two pages', async () => {
    const shift = (_: number, list: string[]): void => void list.push(list.shift() ?? '');
    for (const named of [undefined, link]) {
      for (const counts of ['all', 'page'] as const) {
        const once = {
          cap: 10,
          counts,
          ...(named === undefined ? {} : { link: named }),
          onRequest: (requests: number, list: string[]) =>
            requests === 2 ? shift(requests, list) : undefined,
        };
        const { ids: got } = await read(ids(25), once);
        assert.deepEqual([...got].sort(), ids(25).sort());
        await assert.rejects(
          read(ids(25), { ...once, onRequest: shift }),
          isUnread(/^The list was not read whole: it changed while it was read\.$/u),
        );
      }
    }
  });

  it('that has an entry twice is read once more, and fails when it still has', async () => {
    const twice = ['a', 'b', 'a'];
    await assert.rejects(read(twice, { cap: 10, counts: 'all' }), isUnread(/changed while/u));
    const mend = (requests: number, list: string[]): void => {
      if (requests === 2) list.splice(2, 1, 'c');
    };
    const { ids: got } = await read(['a', 'b', 'a'], { cap: 10, counts: 'all', onRequest: mend });
    assert.deepEqual(got, ['a', 'b', 'c']);
  });

  it('that has fewer entries than are counted is read once more, and fails when it still has', async () => {
    let readings = 0;
    const reading = readAllPages({
      what: 'The list',
      readPage: async (query) => {
        if (query.startsWith('offset=0&')) readings += 1;
        return readAccountsPage({ value: query.startsWith('offset=0&') ? entriesOf(['a']) : [], count: 3 });
      },
      keyOf: ({ id }) => id,
      habits: unknownHabits(),
    });
    await assert.rejects(reading, isUnread(/1 entries came of 3/u));
    assert.equal(readings, 2);
  });
});
