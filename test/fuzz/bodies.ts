import * as fc from 'fast-check';
import { v2MediaType } from '../../src/server/http/media-types.ts';
import type { JsonSchema } from '../../src/server/http/route-about.ts';
import type { Route } from '../../src/server/http/route.ts';
import { policyText } from './policies.ts';
import { anyText } from './texts.ts';

/** Names of fields that routes read, whatever they say about themselves. */
const fieldNames: readonly string[] = [
  'id',
  'host_factory',
  'expiration',
  'count',
  'cidr',
  'cidr[]',
  'annotations',
  'enabled',
  'jwt',
  'name',
  'branch',
  'owner',
  'kind',
  'type',
  'max_ttl',
  'data',
  'csr',
  'ttl',
  '__proto__',
];

const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  anyText,
  fc.integer(),
  fc.double(),
  fc.constant(null),
  fc.boolean(),
  fc.array(anyText, { maxLength: 3 }),
  fc.object({ maxDepth: 2 }),
);

/** Names, and other texts that fields of the API take. */
const usefulText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'x',
    'y',
    'data',
    'alice',
    'user',
    'group',
    'policy',
    'app/web',
    'data/sub',
    'devs',
    'jwt',
    'aws',
    'P1D',
    'PT5M',
  ),
  fc.constantFrom(
    'demo:host_factory:factory',
    '2050-12-31',
    '2050-12-31T00:00:00Z',
    '10.0.0.0/8',
    'AKIAIOSFODNN7EXAMPLE',
    'a'.repeat(40),
  ),
);

/** A body for a route: mostly of the form that the route describes. */
export function anyBody(route: Route): fc.Arbitrary<Uint8Array> {
  const { content = {} } = route.about.body ?? {};
  if ('application/x-yaml' in content) return orAnything(policyText);
  const schema = content['application/json'] ?? content[v2MediaType];
  const described =
    schema === undefined ? fc.dictionary(fc.constantFrom(...fieldNames), anyValue) : valueOf(schema);
  const form = fc
    .array(fc.tuple(fc.constantFrom(...fieldNames), fc.oneof(usefulText, anyText)), { maxLength: 6 })
    .map((pairs) =>
      new URLSearchParams(
        pairs.map(([name, text]): [string, string] => [name, text.toWellFormed()]),
      ).toString(),
    );
  const json = described.map((value) => JSON.stringify(value) ?? '');
  return orAnything(
    fc.oneof(
      { weight: 3, arbitrary: json },
      { weight: 2, arbitrary: form },
      { weight: 1, arbitrary: anyText },
      { weight: 1, arbitrary: fc.json() },
    ),
  );
}

function orAnything(usual: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(new Uint8Array()) },
    { weight: 12, arbitrary: usual.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) },
  );
}

/** A value that a schema allows, mostly. */
function valueOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 8, arbitrary: allowedBy(schema) }, { weight: 1, arbitrary: anyValue });
}

function allowedBy({ type, properties, items, enum: values }: JsonSchema): fc.Arbitrary<unknown> {
  if (Array.isArray(values)) return fc.constantFrom<unknown>(...values);
  if (type === 'object' && isSchema(properties)) {
    const fields = Object.entries(properties).map(([name, field]) => [
      name,
      valueOf(isSchema(field) ? field : {}),
    ]);
    return fc.record<Record<string, unknown>>(Object.fromEntries(fields), {
      requiredKeys: Object.keys(properties).slice(0, 2),
    });
  }
  if (type === 'object') return fc.dictionary(usefulText, usefulText, { maxKeys: 3 });
  if (type === 'array') return fc.array(valueOf(isSchema(items) ? items : {}), { maxLength: 3 });
  if (type === 'integer')
    return fc.oneof(fc.integer(), fc.constantFrom(0, 1, 900, 3000, 43_200, 2 ** 31, 2 ** 53, 1e300));
  return type === 'boolean'
    ? fc.boolean()
    : fc.oneof({ weight: 3, arbitrary: usefulText }, { weight: 1, arbitrary: anyText });
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
