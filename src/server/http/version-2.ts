import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import { type Fields, queryFault } from '../../core/branches/fields.ts';
import type { Reading } from '../../core/branches/rules.ts';
import { Problem } from '../../core/problem.ts';
import type { Answer } from '../answers/answer.ts';
import { isStorable, unstorable } from './body-fields.ts';
import { v2MediaType, wantsV2 } from './media-types.ts';
import { bodyBytes } from './parameters.ts';

const nestingLimit = 100;

/** How much of a body that is no JSON is shown again. */
const shownLetters = 100;

/**
 * What is common to requests of version 2: the header that asks for it, and no keys in the query but `known`.
 *
 * @throws Problem `api_version_missing`, `content_unprocessable`
 */
export function requireV2(request: FastifyRequest, known: readonly string[] = []): void {
  if (!wantsV2(request)) {
    throw new Problem(
      'api_version_missing',
      `CONJ00194W The api belongs to v2 APIs but it missing the version "${v2MediaType}" in the Accept header`,
    );
  }
  refuse(queryFault([...queryOf(request).keys()], known));
}

/** An answer of version 2: bytes, so that fastify adds no charset to its media type. */
export function v2Answer(value: unknown, status = 200): Answer {
  return { status, headers: { 'content-type': v2MediaType }, body: Buffer.from(JSON.stringify(value)) };
}

/** The query; as in Conjur, `;` parts its entries as `&` does. */
export function queryOf(request: FastifyRequest): URLSearchParams {
  const url = request.raw.url ?? '';
  const mark = url.indexOf('?');
  return new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1).replaceAll(';', '&'));
}

/**
 * The body: a JSON object that is not empty and can be stored.
 *
 * @throws Problem `request_malformed`
 */
export function v2Fields(request: FastifyRequest): Fields {
  const fields = parse(bodyBytes(request));
  if (Object.keys(fields).length === 0) throw new Problem('request_malformed', 'Empty request body');
  return fields;
}

/** The body in one line, for the audit trail. */
export function bodyLine(request: FastifyRequest): string {
  const bytes = bodyBytes(request);
  try {
    return JSON.stringify(parse(bytes));
  } catch {
    return storableText(bytes.toString()).replaceAll(/\s+/g, ' ').trim();
  }
}

/** A text without what PostgreSQL cannot store. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** @throws Problem `content_unprocessable` with the sentence, unless it is null */
export function refuse(sentence: string | null): void {
  if (sentence !== null) throw new Problem('content_unprocessable', sentence);
}

/** @throws Problem `content_unprocessable` when the reading was refused */
export function accepted<T>(reading: Reading<T>): T {
  if (!reading.ok) throw new Problem('content_unprocessable', reading.message);
  return reading.value;
}

function parse(bytes: Buffer): Fields {
  if (!isUtf8(bytes)) throw malformed('it is no UTF-8 text');
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(`unexpected token at '${restAfter(text, error)}'`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('it is no object');
  if (!isStorable(value, nestingLimit)) throw malformed(`it ${unstorable}`);
  return { ...value };
}

/** What of a text the parser did not take, as far as its error tells. */
function restAfter(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  if (message.includes('end of JSON input')) return '';
  const at = /at position (\d+)/.exec(message)?.[1];
  return storableText(text.slice(at === undefined ? 0 : Number(at)).slice(0, shownLetters));
}

function malformed(why: string): Problem {
  return new Problem('request_malformed', `Invalid JSON body: ${why}`);
}
