import { json, anyText } from '../http/route-about.ts';
import { isUtf8 } from 'node:buffer';
import { type FullId, parseFullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { jsonAnswer } from '../answers/answer.ts';
import { forbidden, secretEmpty } from '../answers/refusals.ts';
import { queryText } from '../http/parameters.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { dynamicRefusal, isDynamicHere } from './issuers/dynamic-secret.ts';
import { secretRecord } from './secrets.ts';

const idsLimit = 1000;
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
    const entries = await Promise.all(
      wellFormed.map(async (id) => ({
        id,
        ...(await call.context.store.secrets.read(call.caller, id, null)),
      })),
    );
    if (entries.some((entry) => !entry.callerExists || (entry.exists && !entry.allowed))) throw forbidden();
    const dynamic = entries.find((entry) => entry.exists && isDynamicHere(call, entry.id));
    if (dynamic !== undefined) throw await dynamicRefusal(call, dynamic.id);
    const values = new Map(entries.map((entry) => [entry.id as string, entry]));
    for (const text of asked) {
      if ((values.get(text)?.value ?? null) === null) {
        throw new Problem('secret_empty', secretEmptyText(text));
      }
    }
    const base64 = call.request.headers['accept-encoding']?.toLowerCase() === 'base64';
    const answer = jsonAnswer(asMap(entries, base64));
    return base64 ? { ...answer, headers: { ...answer.headers, 'content-encoding': 'base64' } } : answer;
  },
  audit: (call, failure) => {
    const ids = (queryText(call.request, 'variable_ids') ?? '').split(',').slice(0, idsLimit);
    const records = ids.flatMap((text) => {
      const id = parseFullId(text.trim());
      return id === null ? [] : [{ id, record: secretRecord(call, 'fetch', id, failure) }];
    });
    const [first, ...others] = records;
    if (first === undefined) return [];
    const also = others.map(({ id, record }) => ({ resource: id, message: record.message }));
    return [also.length === 0 ? first.record : { ...first.record, also }];
  },
};

function asMap(entries: readonly Entry[], base64: boolean): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries.map(({ id, value }) => {
      if (value === null) throw secretEmpty(id);
      if (base64) return [id, mimeBase64(value)];
      if (isUtf8(value)) return [id, value.toString()];
      throw new Problem(
        'secret_not_text',
        `Variable ${id} is not text; ask with the header "Accept-Encoding: base64".`,
      );
    }),
  );
}

interface Entry {
  readonly id: FullId;
  readonly value: Buffer | null;
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
