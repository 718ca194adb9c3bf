import type { FastifyRequest } from 'fastify';
import { anyRecord, type RecordFilter, type SdataField } from '../../core/audit/record-filter.ts';
import { Problem } from '../../core/problem.ts';
import { isoInstant } from '../http/iso-instant.ts';
import { hasQuery, queryText } from '../http/parameters.ts';

const numbers = ['facility', 'severity'] as const;
const texts = ['hostname', 'appname', 'procid', 'msgid'] as const;
const entities = ['resource', 'role', 'entity'] as const;
const others = ['limit', 'offset', 'since', 'until'] as const;
const known: ReadonlySet<string> = new Set([...numbers, ...texts, ...entities, ...others]);

/** The end of the year 9999: behind it dates have another form. */
const lastMs = 253_402_300_799_999;

/**
 * The records that a query asks for, as Conjur reads it: fields of the header by their names; `resource`, `role`, `entity`; all
 * else is structured data (`subject@43868/role=…`). Ours are `since` and `until`, and that a name which can be none of these is
 * refused: it would match nothing.
 *
 * @throws Problem `content_unprocessable`
 */
export function askedRecords(request: FastifyRequest): RecordFilter {
  const number = (name: (typeof numbers)[number]): number | null => smallNumber(request, name);
  const text = (name: (typeof texts)[number] | (typeof entities)[number]): string | null =>
    hasQuery(request, name) ? nonEmpty(name, queryText(request, name)) : null;
  return {
    ...anyRecord,
    facility: number('facility'),
    severity: number('severity'),
    hostname: text('hostname'),
    appname: text('appname'),
    procid: text('procid'),
    msgid: text('msgid'),
    resource: text('resource'),
    role: text('role'),
    entity: text('entity'),
    sdata: sdataOf(request),
    ...askedTime(request),
  };
}

/** @throws Problem `content_unprocessable` */
export function askedTime(request: FastifyRequest): Pick<RecordFilter, 'since' | 'until'> {
  return { since: instantOf(request, 'since'), until: instantOf(request, 'until') };
}

function sdataOf(request: FastifyRequest): readonly SdataField[] {
  const names = Object.keys(Object(request.query)).filter((name) => !known.has(name));
  return names.map((key) => {
    const [element = '', name = '', ...more] = key.split('/');
    if (element === '' || name === '' || more.length > 0) {
      throw refused(
        `'${key.slice(0, 100)}' is no filter. Filters are ${[...known].join(', ')}, and structured data as 'action@43868/operation'.`,
      );
    }
    return { element, name, value: nonEmpty(key, queryText(request, key)) };
  });
}

function instantOf(request: FastifyRequest, name: 'since' | 'until'): string | null {
  if (!hasQuery(request, name)) return null;
  const instant = isoInstant(queryText(request, name) ?? '');
  if (instant !== null) return new Date(Math.min(Math.max(instant.ms, 0), lastMs)).toISOString();
  throw refused(
    `'${name}' contains an invalid value. '${name}' must be a time of ISO 8601, as 2026-01-31T12:00:00Z.`,
  );
}

function smallNumber(request: FastifyRequest, name: 'facility' | 'severity'): number | null {
  if (!hasQuery(request, name)) return null;
  const text = queryText(request, name) ?? '';
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw refused(`'${name}' contains an invalid value. '${name}' must be a number of RFC 5424.`);
}

function nonEmpty(name: string, text: string | null): string {
  if (text !== null) return text;
  throw refused(
    `'${name.slice(0, 100)}' contains an invalid value. '${name.slice(0, 100)}' must not be empty.`,
  );
}

function refused(sentence: string): Problem {
  return new Problem('content_unprocessable', sentence);
}
