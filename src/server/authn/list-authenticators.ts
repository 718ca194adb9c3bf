import { listServices } from '../../store/authenticators.ts';
import { jsonAnswer } from '../answers/answer.ts';
import type { Route } from '../http/route.ts';
import { anyText, json, listOf, objectOf } from '../http/route-about.ts';

const names = listOf(anyText);

/** `GET /authenticators`: which authenticators there are, which services policies have made, which are switched on. */
export const listAuthenticators: Route = {
  method: 'GET',
  url: '/authenticators',
  token: 'none',
  about: {
    summary:
      'The authenticators of this server, those that policies have made services of, and those switched on.',
    group: 'Authenticators',
    answers: {
      200: json('Names, sorted.', objectOf({ installed: names, configured: names, enabled: names })),
    },
  },
  handle: async ({ context }) => {
    const services = await context.store.reads.run((sql) => listServices(sql));
    const listed = context.settings.authenticators;
    const on = listed.length > 0 ? listed : services.filter(({ enabled }) => enabled).map(({ name }) => name);
    return jsonAnswer({
      installed: sorted([...context.authenticators.keys()]),
      configured: sorted(services.map(({ name }) => name)),
      enabled: sorted(on),
    });
  },
};

/** Plain `authn` always is among them. */
function sorted(list: readonly string[]): readonly string[] {
  return [...new Set([...list, 'authn'])].sort();
}
