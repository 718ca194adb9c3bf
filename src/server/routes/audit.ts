import type { FoundRecord, RecordFilter } from '../../core/audit/record-filter.ts';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { type Answer, jsonAnswer } from '../answers/answer.ts';
import { askedRecords } from '../audit/asked-records.ts';
import { readableRecords } from '../audit/readable-records.ts';
import { auditRecord } from '../audit/record.ts';
import { givenParameters, type Parameter, shownParameters, subjectOf } from '../audit/shown-parameters.ts';
import { refuseLongLists } from '../http/list-limit.ts';
import { hasQuery, paging, pathPart } from '../http/parameters.ts';
import {
  anyNumber,
  anyText,
  json,
  listOf,
  objectOf,
  pagingAbout,
  type RouteAbout,
} from '../http/route-about.ts';
import type { CallerCall, Route } from '../http/route.ts';

/** The parts of a path that name what the records are about. */
const entityParts = ['resource', 'role', 'entity'] as const;

const recordSchema = objectOf({
  facility: anyNumber,
  severity: anyNumber,
  timestamp: anyText,
  hostname: { type: ['string', 'null'] },
  appname: anyText,
  procid: anyText,
  msgid: anyText,
  sdata: { type: 'object' },
  message: anyText,
});

/**
 * `GET /audit`, `/audit/resources/:resource`, `/audit/roles/:role`, `/audit/entities/:entity`: records of the audit trail, the
 * newest first (by their arrival at the master), as Conjur's audit engine has them; 404 and an empty list when there are none.
 *
 * In Conjur whoever has a token reads them all. Here a role reads what it could know of (`core/audit/record-readers.ts`): records
 * about roles and resources that it sees or has, now; what it did itself; and all of an account of which it has the user `admin`,
 * or the owner of the root policy. A follower, which has its own records alone, passes the question on to the master; one
 * that is told to pass on nothing answers with its own.
 */
export const auditRoutes: readonly Route[] = [
  { path: '', part: null },
  { path: '/resources/:resource', part: 'resource' as const },
  { path: '/roles/:role', part: 'role' as const },
  { path: '/entities/:entity', part: 'entity' as const },
].map(({ path, part }) => ({
  method: 'GET' as const,
  url: `/audit${path}`,
  effect: 'read-master' as const,
  token: 'required' as const,
  about: aboutOf(part),
  handle: list,
  audit: (call: CallerCall, failure: unknown) => [listRecord(call, failure)],
}));

function aboutOf(part: (typeof entityParts)[number] | null): RouteAbout {
  const about: Readonly<Record<string, string>> = {
    resource: 'About this resource (full id).',
    role: 'About this role (full id), or done by it.',
    entity: 'About this role or resource (full id), or done by it.',
  };
  const entities = entityParts.filter((name) => name !== part);
  return {
    summary: 'Records of the audit trail that the caller may read, the newest first.',
    group: 'Audit',
    ...(part === null ? {} : { parts: { [part]: { about: `${about[part]} Percent-encoded.` } } }),
    query: {
      ...Object.fromEntries(entities.map((name) => [name, { about: about[name] ?? '' }])),
      facility: { about: 'With this facility of RFC 5424.', schema: anyNumber },
      severity: { about: 'With this severity of RFC 5424.', schema: anyNumber },
      hostname: { about: 'Written by this node.' },
      appname: { about: 'With this APP-NAME.' },
      procid: { about: 'Of the request with this id.' },
      msgid: { about: 'Of this kind: `fetch`, `update`, `policy`, `authn` …' },
      'action@43868/operation': {
        about: 'With this operation. Any other field of the structured data is asked for in the same way.',
      },
      since: { about: 'From this time on (ISO 8601).' },
      until: { about: 'Before this time (ISO 8601).' },
      limit: { about: 'How many at most; as many as a list may hold unless given.', schema: anyNumber },
      offset: pagingAbout['offset'] ?? { about: '' },
    },
    answers: {
      200: json('The records.', listOf(recordSchema)),
      404: json('There are none; an empty list.', listOf(recordSchema)),
      422: 'A filter is unknown, or its value is no number or time; `limit` is too large.',
      504: 'The trail is too long to be looked through for this; `since` and `until` help.',
    },
  };
}

async function list(call: CallerCall): Promise<Answer> {
  const { request, context, caller } = call;
  const { limit, offset } = paging(request);
  const { listLimitMax } = context.settings;
  const most = hasQuery(request, 'limit') ? limit : listLimitMax;
  refuseLongLists(most, listLimitMax);
  const page = { limit: most ?? listLimitMax, offset };
  const found = await readableRecords(context.store, caller.roleId, filterOf(call), page);
  return jsonAnswer(found.map(wireForm), found.length === 0 ? 404 : 200);
}

/** What the path names counts, as in Rails, more than what the query does. */
function filterOf({ request }: CallerCall): RecordFilter {
  const ofPath = entityParts.flatMap((name) => {
    const id = pathPart(request, name);
    return id === '' ? [] : [[name, id] as const];
  });
  return { ...askedRecords(request), ...Object.fromEntries(ofPath) };
}

/** The fields of Conjur's table, in its order. */
function wireForm({ record, hostname }: FoundRecord): Readonly<Record<string, unknown>> {
  const { facility, severity, timestamp, appname, procid, msgid, sdata, message } = record;
  return { facility, severity, timestamp, hostname, appname, procid, msgid, sdata, message };
}

/** Who reads the trail is itself something for the trail. */
function listRecord(call: CallerCall, failure: unknown): AuditRecord {
  const { request } = call;
  const user = call.caller.roleId;
  const ofPath = entityParts.flatMap((name): readonly Parameter[] =>
    pathPart(request, name) === '' ? [] : [[name, pathPart(request, name)]],
  );
  const named = new Set(ofPath.map(([name]) => name));
  const ofQuery = givenParameters(
    request,
    [...entityParts, 'msgid', 'since', 'until', 'limit', 'offset'].filter((name) => !named.has(name)),
  );
  const parameters = [...ofPath, ...ofQuery];
  const shown = shownParameters(parameters);
  return auditRecord(call, {
    msgid: 'audit',
    operation: 'list',
    user,
    subject: subjectOf(parameters),
    failure,
    sentence: `${user} read the audit trail with parameters: ${shown}`,
    attempt: `${user} failed to read the audit trail with parameters: ${shown}`,
  });
}
