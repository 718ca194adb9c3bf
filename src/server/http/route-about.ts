/**
 * What a route says about itself: the API's description (`/openapi.json`) is made of it, so every route has one, and what
 * is common to all (401 without a token, 503 of a node that serves nobody …) is not repeated in it.
 */
export interface RouteAbout {
  readonly summary: string;
  /** The chapter it stands in. */
  readonly group: RouteGroup;
  /** As people read it (`/authn/{account}/{login}/authenticate`), where the route's own pattern says less. */
  readonly path?: string;
  /** Parts of that path that are not what their name says everywhere; see `openapi/path-parts.ts`. */
  readonly parts?: Readonly<Record<string, ParameterAbout>>;
  /** It takes a login and an API key or password as a Basic header (RFC 7617). */
  readonly basic?: true;
  readonly query?: Readonly<Record<string, ParameterAbout>>;
  readonly body?: ContentAbout;
  /** By status; `default` is no status here. */
  readonly answers: Readonly<Record<number, string | ContentAbout>>;
}

export type RouteGroup =
  | 'Accounts'
  | 'Audit'
  | 'Authentication'
  | 'Authenticators'
  | 'Branches'
  | 'Certificates'
  | 'Groups'
  | 'Host factories'
  | 'Issuers'
  | 'Node'
  | 'Policies'
  | 'Public keys'
  | 'Resources'
  | 'Roles'
  | 'Secrets';

export interface ParameterAbout {
  readonly about: string;
  readonly schema?: JsonSchema;
  readonly required?: true;
}

export interface ContentAbout {
  readonly about: string;
  /** Schemas by media type. */
  readonly content: Readonly<Record<string, JsonSchema>>;
}

/** JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const anyText: JsonSchema = { type: 'string' };
export const anyNumber: JsonSchema = { type: 'integer', minimum: 0 };
export const anyFlag: JsonSchema = { type: 'boolean' };

/** A list of `items`. */
export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** An object with these fields, all of them required but those named in `optional`. */
export function objectOf(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}

/** An answer or body of JSON. */
export function json(about: string, schema: JsonSchema): ContentAbout {
  return { about, content: { 'application/json': schema } };
}

/** An answer or body of plain text. */
export function plain(about: string): ContentAbout {
  return { about, content: { 'text/plain': anyText } };
}

/** A body of fields, sent as a form or as JSON. */
export function fields(about: string, schema: JsonSchema): ContentAbout {
  return { about, content: { 'application/x-www-form-urlencoded': schema, 'application/json': schema } };
}

/** The query of lists. */
export const pagingAbout: Readonly<Record<string, ParameterAbout>> = {
  limit: { about: 'How many entries at most (10 when only `offset` is given).', schema: anyNumber },
  offset: { about: 'How many entries to pass over.', schema: anyNumber },
};
