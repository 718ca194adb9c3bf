import type { ListedAccount } from '../source/source.ts';
import { textBytes } from '../source/text-bytes.ts';
import { encodedPath } from './encoded-path.ts';
import { readMissing, readSubkeys, readValues } from './vault-shapes.ts';
import { ask, type Walk } from './vault-walk.ts';

/** An account without its values; null for a secret whose newest version was deleted. */
export async function describe(walk: Walk, path: string, name: string): Promise<ListedAccount | null> {
  const attempt = `look at ${walk.mount}/${path}`;
  const answer = await ask(walk, {
    attempt,
    path: `/v1/${encodedPath(walk.mount)}/subkeys/${encodedPath(path)}?depth=1`,
    expected: [404],
    ofOne: true,
  });
  if (answer.status === 404) {
    readMissing(answer.json, attempt, 'secret');
    return null;
  }
  const { names, revision } = readSubkeys(answer.json, attempt);
  return {
    id: path,
    name,
    properties: names,
    revision,
    read: async (signal) => {
      const reading = `read ${walk.mount}/${path}`;
      const request = {
        attempt: reading,
        method: 'GET',
        path: `/v1/${encodedPath(walk.mount)}/data/${encodedPath(path)}`,
        ofOne: true,
        exactNumbers: true,
      } as const;
      const got = await walk.inTurn(() => walk.session.call(request, signal));
      return new Map(
        Array.from(readValues(got.json, reading), ([field, text]) => [field, textBytes(field, text)]),
      );
    },
  };
}
