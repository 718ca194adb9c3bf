import { json, anyText } from '../http/route-about.ts';
import { isUtf8 } from 'node:buffer';
import { type FullId, parseFullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { SecretRead } from '../../store/secret-reads.ts';
import type { Answer } from '../answers/answer.ts';
import { forbidden } from '../answers/refusals.ts';
import { queryText } from '../http/parameters.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { dynamicRefusal, isDynamicHere } from './issuers/dynamic-secret.ts';
import { secretRecord } from './secrets.ts';

const idsLimit = 1000;
const jsonHeaders = { 'content-type': 'application/json; charset=utf-8' };
/** RFC 2045 as Ruby's `Base64.encode64` writes it: a newline after every 60 letters and at the end. */
const mimeLine = 60;

/**
 * `GET /secrets?variable_ids=a,b`: a JSON map of values, as `conjur variable get` asks for them. An existing variable
 * without `execute` is 403 before anything unknown or empty is 404. With `Accept-Encoding: base64` the values are base64.
 */
export const batchSecrets: Route = {
  method: 'GET',
  url: '/secrets',
  token: 'required',
  about: {
    summary: 'The newest values of several variables at once.',
    group: 'Secrets',
    query: { variable_ids: { about: 'Full ids, separated by commas; at most 1000.', required: true } },
    answers: {
      200: json('Values by full id; in base64 when Accept-Encoding is base64.', {
        type: 'object',
        additionalProperties: anyText,
      }),
      403: 'The caller has not `execute` on one that exists.',
      404: 'One does not exist, or has no value.',
      406: 'A value is no text: ask for base64.',
      422: '`variable_ids` is missing, or holds an empty id.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    const asked = idsParameter(call);
    const wellFormed = asked.map((text) => parseFullId(text)).filter((id) => id !== null);
    const found = await call.context.store.secrets.readAll(call.caller, wellFormed);
    if (found.some((entry) => !entry.callerExists || (entry.exists && !entry.allowed))) throw forbidden();
    const dynamic = wellFormed.find((id, index) => found[index]?.exists === true && isDynamicHere(call, id));
    if (dynamic !== undefined) throw await dynamicRefusal(call, dynamic);
    const values = found.flatMap(({ value }) => value ?? []);
    if (values.length < asked.length)
      throw new Problem('secret_empty', secretEmptyText(firstEmpty(asked, found)));
    const base64 = call.request.headers['accept-encoding']?.toLowerCase() === 'base64';
    const answer: Answer = { status: 200, headers: jsonHeaders, body: mapText(wellFormed, values, base64) };
    return base64 ? { ...answer, headers: { ...answer.headers, 'content-encoding': 'base64' } } : answer;
  },
  audit: (call, failure) => {
    const ids = (queryText(call.request, 'variable_ids') ?? '').split(',').slice(0, idsLimit);
    const [first, ...others] = ids.flatMap((text) => parseFullId(text.trim()) ?? []);
    if (first === undefined) return [];
    const record = secretRecord(call, 'fetch', first, failure);
    if (others.length === 0) return [record];
    const at = record.message.indexOf(first, call.caller.roleId.length); // a reason, at the end, may name it again
    const before = record.message.slice(0, at);
    const after = record.message.slice(at + first.length);
    return [{ ...record, also: { resources: others, before, after } }];
  },
};

/** The first of what was asked for that is no id, or has no value. */
function firstEmpty(asked: readonly string[], found: readonly SecretRead[]): string {
  let index = 0;
  for (const text of asked) {
    if (parseFullId(text) === null || (found[index]?.value ?? null) === null) return text;
    index += 1;
  }
  return '';
}

/**
 * The JSON of ids and values, written out: an object with ids for keys would have each of them made a name of the engine's.
 *
 * @throws Problem `secret_not_text`
 */
function mapText(ids: readonly FullId[], values: readonly Buffer[], base64: boolean): string {
  const members = values.map((value, index) => {
    const id = ids[index] ?? '';
    if (!base64 && !isUtf8(value)) {
      throw new Problem(
        'secret_not_text',
        `Variable ${id} is not text; ask with the header "Accept-Encoding: base64".`,
      );
    }
    return `${JSON.stringify(id)}:${JSON.stringify(base64 ? mimeBase64(value) : value.toString())}`;
  });
  return `{${members.join(',')}}`;
}

function mimeBase64(value: Buffer): string {
  return value.toString('base64').replaceAll(new RegExp(`.{1,${mimeLine}}`, 'g'), '$&\n');
}

function idsParameter(call: CallerCall): readonly string[] {
  const text = queryText(call.request, 'variable_ids');
  if (text === null)
    throw new Problem('argument_invalid', 'variable_ids: name one full id or more, separated by commas');
  const ids = text.split(',').map((id) => id.trim());
  if (ids.includes(''))
    throw new Problem('argument_invalid', 'variable_ids: an id between the commas is empty');
  if (ids.length > idsLimit) throw new Problem('argument_invalid', `variable_ids: more than ${idsLimit} ids`);
  return [...new Set(ids)];
}

const secretEmptyText = (id: string): string => `CONJ00076E Variable ${id} is empty or not found.`;
