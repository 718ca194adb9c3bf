import { textAnswer } from '../answers/answer.ts';
import { fullId } from '../../core/ids.ts';
import { decrypt } from '../../store/cipher.ts';
import { readPublicKeys } from '../../store/resources.ts';
import { accountOfPath, noRoute, pathPart } from '../http/parameters.ts';
import type { Route } from '../http/route.ts';
import { plain } from '../http/route-about.ts';

/** `GET /public_keys/:account/user/:login`: the public keys of a user, a line each. Anybody may ask; nobody learns who exists. */
export const publicKeys: Route = {
  method: 'GET',
  url: '/public_keys/:account/:kind/*',
  token: 'optional',
  about: {
    summary: 'The public keys of a user, a line each. Anybody may ask.',
    group: 'Public keys',
    path: '/public_keys/{account}/user/{login}',
    answers: { 200: plain('The keys; an empty line when there are none.') },
  },
  handle: async (call) => {
    const account = accountOfPath(call.request);
    const kind = pathPart(call.request, 'kind');
    if (kind !== 'user' && kind !== 'public_key') throw noRoute();
    const prefix = fullId(account, 'public_key', `${kind}/${pathPart(call.request, '*')}/`);
    const { store } = call.context;
    const keys = await store.reads.run((sql) => readPublicKeys(sql, prefix));
    const lines = keys.map(({ id, value }) => decrypt(store.dataKey, value, id).toString().trim());
    return textAnswer(`${lines.join('\n')}\n`);
  },
};
