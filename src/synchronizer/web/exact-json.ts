import { Problem } from '../../core/problem.ts';

/** A number of JSON as it stands in the text: a double would change long ones, and take the zeros behind others away. */
export class ExactNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** `JSON.parse` with the third argument of its reviver, which the types of ES2024 do not have yet. */
interface SourceTextJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context?: { readonly source?: string }) => unknown,
  ): unknown;
}

const json: SourceTextJson = JSON;
const deepest = 500;

/** The value of a JSON text, in which each number is an ExactNumber. @throws SyntaxError */
export function parseExactly(text: string): unknown {
  return json.parse(text, (_key, value, context) =>
    typeof value === 'number' ? new ExactNumber(context?.source ?? String(value)) : value,
  );
}

/**
 * What `parseExactly` gave, as JSON without blanks.
 *
 * @throws Problem `source_refused` when it is nested deeper than anyone can mean it
 */
export function exactText(value: unknown, depth = 0): string {
  if (depth > deepest)
    throw new Problem('source_refused', `the value is nested deeper than ${deepest} levels.`);
  if (value instanceof ExactNumber) return value.source;
  if (Array.isArray(value)) return `[${value.map((each) => exactText(each, depth + 1)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(
    ([name, field]) => `${JSON.stringify(name)}:${exactText(field, depth + 1)}`,
  );
  return `{${fields.join(',')}}`;
}
