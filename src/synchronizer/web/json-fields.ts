import { Problem } from '../../core/problem.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A vault's answer is not what its API promises. Nothing of it is quoted: it may hold a value. */
export function unexpectedShape(what: string, field: string): Problem {
  return new Problem(
    'source_unexpected',
    `${what}: the answer has no usable "${field}"; check the URL and what answers there.`,
  );
}

/** @throws Problem `source_unexpected` */
export function objectOf(value: unknown, what: string, field: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw unexpectedShape(what, field);
}

/** @throws Problem `source_unexpected` */
export function listOf(value: unknown, what: string, field: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unexpectedShape(what, field);
}

/** @throws Problem `source_unexpected` */
export function textOf(value: unknown, what: string, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw unexpectedShape(what, field);
}
