import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConjurClient, openClient } from '../../client/client.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { openDigestReader } from './read-digests.ts';

const key = Buffer.alloc(32, 1);

/** A server whose variables have so many bytes each, and that refuses answers of more than `limitBytes`. */
function serverOf(bytesOf: (id: string) => number, limitBytes = Number.POSITIVE_INFINITY) {
  const asked: (readonly string[])[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  const send: ConjurClient['send'] = async ({ path }) => {
    const list = new URLSearchParams(path.slice(path.indexOf('?'))).get('variable_ids') ?? '';
    const ids = list.split(',').map((id) => id.replace('a:variable:', ''));
    asked.push(ids);
    const bytes = ids.reduce((sum, id) => sum + bytesOf(id), 0);
    underWay += bytes;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= bytes;
    if (bytes > limitBytes) throw new Problem('api_invalid', `${ids.length} are too many.`);
    const answer = ids.map((id) => [`a:variable:${id}`, Buffer.alloc(bytesOf(id), 'x').toString('base64')]);
    return {
      status: 200,
      header: (name) => (name === 'content-encoding' ? 'base64' : null),
      bytes: new Uint8Array(Buffer.from(JSON.stringify(Object.fromEntries(answer)))),
    };
  };
  const unused = openClient({
    fetch: () => Promise.reject(new Error('nothing is asked of it')),
    url: 'http://127.0.0.1',
    account: 'a',
    login: 'u',
    apiKey: new Secret('k'),
  });
  const read = openDigestReader({ ...unused, send }, key);
  return { read, asked, mostUnderWay: () => mostUnderWay };
}

const names = (count: number) => Array.from({ length: count }, (_, at) => `v${at}`);

describe('reading what the target has', () => {
  it('takes thirty small ones at a time, when the first have shown that they are', async () => {
    const { read, asked } = serverOf(() => 20);
    const found = await read('s', names(94));
    assert.deepEqual([found.size, asked.map(({ length }) => length)], [94, [4, 30, 30, 30]]);
    assert.equal(new Set(found.values()).size, 94, 'a digest is of its variable, too');
    await read('s', names(30));
    assert.equal(asked.at(-1)?.length, 30);
  });

  it('has few megabytes under way, however many ask for large ones', async () => {
    const mb = 1_000_000;
    const { read, mostUnderWay } = serverOf(() => mb);
    await Promise.all(Array.from({ length: 24 }, () => read('s', names(6))));
    assert.ok(mostUnderWay() <= 16 * mb, String(mostUnderWay()));
  });

  it('asks in halves for what the server takes for too much', async () => {
    const large = (id: string): number => (Number(id.slice(1)) < 4 ? 10 : 1000);
    const { read, asked } = serverOf(large, 9000);
    assert.equal((await read('s', names(34))).size, 34);
    assert.deepEqual(
      asked.map(({ length }) => length),
      [4, 30, 15, 8, 7, 15, 8, 7],
    );
  });

  it('says of one alone that it is too much', async () => {
    const { read } = serverOf(() => 1000, 900);
    await assert.rejects(read('s', names(8)), (error) => isProblem(error, 'api_invalid'));
  });
});
