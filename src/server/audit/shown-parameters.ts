import type { FastifyRequest } from 'fastify';
import { queryText, queryTexts } from '../http/parameters.ts';

/** A parameter of a request, as the audit trail names it: one value, or a list. */
export type Parameter = readonly [name: string, value: string | readonly string[]];

/** The parameters of the query that have a value, in the order of `names`. */
export function givenParameters(request: FastifyRequest, names: readonly string[]): readonly Parameter[] {
  return names.flatMap((name): readonly Parameter[] => {
    if (name === 'filter') {
      const values = [...queryTexts(request, 'filter[]'), ...queryTexts(request, 'filter')];
      return values.length === 0 ? [] : [[name, values]];
    }
    const value = queryText(request, name);
    return value === null ? [] : [[name, value]];
  });
}

/** Parameters in a sentence of the trail, as Ruby shows them: `{:account=>"demo", :limit=>"1"}`. */
export function shownParameters(parameters: readonly Parameter[]): string {
  const shown = parameters.map(([name, value]) => `:${name}=>${inspected(value)}`);
  return `{${shown.join(', ')}}`;
}

/** Parameters as the subject of a record. */
export function subjectOf(parameters: readonly Parameter[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    parameters.map(([name, value]) => [name, typeof value === 'string' ? value : inspected(value)]),
  );
}

function inspected(value: string | readonly string[]): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
}
