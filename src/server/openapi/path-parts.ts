import { resourceKinds } from '../../core/ids.ts';
import { anyText, type ParameterAbout } from '../http/route-about.ts';

/** Parts of paths that mean the same in every route. */
const known: Readonly<Record<string, ParameterAbout>> = {
  account: { about: 'The account.' },
  authenticator: { about: 'The authenticator, such as `authn-jwt`.' },
  id: { about: 'The identifier; its slashes percent-encoded.' },
  identifier: {
    about: 'What stands behind the kind in a full id. Slashes may stand as they are, or be percent-encoded.',
  },
  kind: { about: 'The kind.', schema: { type: 'string', enum: resourceKinds } },
  login: { about: 'Who it is: `alice`, or `host/app/web`. Slashes may be percent-encoded.' },
  service: { about: 'The id of the service.' },
  type: { about: 'The type of the authenticator, with or without `authn-`.' },
  token: { about: 'The token.' },
};

/** A path as OpenAPI writes it, with the parts in it. */
export interface PathAbout {
  readonly template: string;
  readonly parts: readonly (ParameterAbout & { readonly name: string })[];
}

/** What a route's pattern (`/secrets/:account/:kind/*`) and its own words say about its path. */
export function pathAbout(
  pattern: string,
  about: { readonly path?: string; readonly parts?: Readonly<Record<string, ParameterAbout>> },
): PathAbout {
  const template =
    about.path ?? pattern.replaceAll(/:(\w+)(\([^)]*\))?/g, '{$1}').replaceAll('*', '{identifier}');
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  const parts = names.map((name) => ({
    name,
    schema: anyText,
    ...(about.parts?.[name] ?? known[name] ?? { about: `The ${name}.` }),
  }));
  return { template, parts };
}
