import type { Route } from '../http/route.ts';
import { v2MediaType } from '../http/media-types.ts';
import type { ContentAbout, JsonSchema, ParameterAbout } from '../http/route-about.ts';
import { components } from './components.ts';
import { pathAbout } from './path-parts.ts';

/** One route in the document: the Operation Object of the OpenAPI specification 3.1, as far as it is used. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly description: string; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly description: string;
  readonly required?: true;
  readonly allowEmptyValue?: true;
  readonly schema: JsonSchema;
}

export interface Response {
  readonly description: string;
  readonly content?: Content;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

/** The document of the whole API. */
export interface ApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: typeof components;
}

const description = `The Conjur REST API as this server answers it.

HEAD is answered wherever GET is. A path may end in a slash. A body may be 1 MiB large, a policy 10 MiB.`;

/**
 * The OpenAPI 3.1 document of `routes`: what each says about itself, and what is common to all.
 *
 * @param version of the API, as `GET /` tells it
 * @throws Error when two routes would be one operation
 */
export function apiDocument(routes: readonly Route[], version: string): ApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const { template, parts } = pathAbout(route.url, route.about);
    const operations = (paths[template] ??= {});
    const method = route.method.toLowerCase();
    if (method in operations) throw new Error(`two routes are ${route.method} ${template}`);
    operations[method] = operation(route, template, parts);
  }
  const tags = [...new Set(routes.map(({ about }) => about.group))].sort().map((name) => ({ name }));
  return {
    openapi: '3.1.0',
    info: { title: 'Holdfast', version, description },
    tags,
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components,
  };
}

function operation(
  route: Route,
  template: string,
  parts: readonly (ParameterAbout & { readonly name: string })[],
): Operation {
  const { about, method } = route;
  const query = Object.entries(about.query ?? {}).map(([name, parameter]) => ({ name, ...parameter }));
  return {
    operationId: `${method.toLowerCase()}${template.replaceAll(/[^A-Za-z0-9]+/g, '_').replace(/_$/, '')}`,
    summary: about.summary,
    tags: [about.group],
    security: securityOf(route),
    parameters: [
      ...parts.map((part) => ({ ...parameterOf(part), in: 'path' as const, required: true as const })),
      ...query.map((one) => ({
        ...parameterOf(one),
        in: 'query' as const,
        ...(one.required === true ? { required: true as const } : { allowEmptyValue: true as const }),
      })),
    ],
    ...(about.body === undefined ? {} : { requestBody: bodyOf(about.body) }),
    responses: { ...commonAnswers(route), ...answersOf(about.answers, isV2(route)) },
  };
}

/** The alternatives, any of which will do. */
function securityOf({ token, about }: Route): Operation['security'] {
  const basic = about.basic === true ? [{ basic: [] }] : [];
  if (token === 'required') return [...basic, { token: [] }];
  return token === 'optional' ? [...basic, { token: [] }, {}] : basic;
}

function parameterOf({
  name,
  about,
  schema,
}: ParameterAbout & { readonly name: string }): Omit<Parameter, 'in'> {
  return { name, description: about, schema: schema ?? { type: 'string' } };
}

function bodyOf({ about, content }: ContentAbout): {
  readonly description: string;
  readonly content: Content;
} {
  return { description: about, content: contentOf(content) };
}

function contentOf(schemas: ContentAbout['content']): Content {
  return Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, { schema }]));
}

function answersOf(answers: Route['about']['answers'], v2: boolean): Record<string, Response> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [status, answerOf(Number(status), answer, v2)]),
  );
}

/** Errors have one shape, so a sentence is enough to describe one. Those of 401 and 403 are mostly empty. */
function answerOf(status: number, answer: string | ContentAbout, v2: boolean): Response {
  if (typeof answer !== 'string') return { description: answer.about, content: contentOf(answer.content) };
  if (status < 400 || status === 401 || status === 403) return { description: answer };
  return { description: answer, content: errorContent(v2) };
}

function commonAnswers(route: Route): Record<string, Response> {
  const error = errorContent(isV2(route));
  const write = route.effect === 'write' || typeof route.effect === 'function';
  return {
    ...(route.token === 'none' && route.about.basic !== true
      ? {}
      : { 401: { description: 'No valid token, or no valid credentials.' } }),
    ...(route.token === 'required'
      ? { 403: { description: 'The role of the token is no more, or may not do this.' } }
      : {}),
    ...(write ? { 405: { description: 'A follower takes no writes.', content: error } } : {}),
    ...(route.effect === 'open'
      ? {}
      : {
          503: {
            description: 'The node serves nobody just now; Retry-After says when to ask again.',
            content: error,
          },
        }),
    default: { description: 'Any other error.', content: error },
  };
}

function errorContent(v2: boolean): Content {
  return v2
    ? { [v2MediaType]: { schema: { $ref: '#/components/schemas/ErrorV2' } } }
    : { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
}

/** Whether a route is one of version 2: it answers in that version's media type, and must be asked for it. */
export function isV2({ url }: Route): boolean {
  return /^\/(authenticators|branches|groups)\/:/.test(url);
}
