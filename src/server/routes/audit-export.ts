import { accountsAccount } from '../../core/account-name.ts';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import type { ExportedChains, ExportedRow } from '../../core/audit/exported.ts';
import { fullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { exportedChains, exportedCheckpoints, exportedRows } from '../../store/audit-export.ts';
import { type Answer, jsonAnswer } from '../answers/answer.ts';
import { askedTime } from '../audit/asked-records.ts';
import { auditRecord } from '../audit/record.ts';
import { operatorNode } from '../http/operator-node.ts';
import { hasQuery, queryText } from '../http/parameters.ts';
import { anyNumber, json, objectOf } from '../http/route-about.ts';
import type { Call, Route } from '../http/route.ts';

const usualRows = 1000;
const mostRows = 5000;
/** As many as a URL holds (16 KiB of headers), at twenty letters each. */
const mostChains = 500;
/** A page ends early where its rows are long. */
const pageBytes = 8 * 1024 * 1024;

const purposes = ['export', 'follow', 'verify'] as const;
const needsOperator = 'No certificate of the cluster, or no operator.';

/** `GET /holdfast/audit/chains`: every chain of this node's trail. Of operators only. */
export const auditChainsRoute: Route = {
  method: 'GET',
  url: '/holdfast/audit/chains',
  token: 'none',
  about: {
    summary: 'The chains of the audit trail, and where they stand. Needs the certificate of a node.',
    group: 'Audit',
    query: {
      since: { about: 'For the ids of rows from this time on (ISO 8601).' },
      until: { about: 'For the ids of rows before this time (ISO 8601).' },
      begin: { about: 'What the trail is read for, which it notes: `export`, `follow`, `verify`.' },
    },
    answers: {
      200: json(
        'What each chain was opened with, its head, how far it was thrown away; between which ids the rows of the time lie.',
        objectOf({
          chains: { type: 'array' },
          ids: { type: ['object', 'null'] },
          moment: { type: 'object' },
        }),
      ),
      401: needsOperator,
      422: '`since` or `until` is no time.',
    },
  },
  handle: async ({ request, context }) => {
    requireOperator({ request, context });
    const begin = queryText(request, 'begin');
    if (begin !== null && !purposes.some((purpose) => purpose === begin))
      throw refused('begin', purposes.join(', '));
    const time = askedTime(request);
    return jsonAnswer(chainsOnTheWire(await exportedChains(context.store.trail, time)));
  },
  audit: beginRecord,
};

/** `GET /holdfast/audit/checkpoints`: what nodes have signed of the chains. Of operators only. */
export const auditCheckpointsRoute: Route = {
  method: 'GET',
  url: '/holdfast/audit/checkpoints',
  token: 'none',
  about: {
    summary: 'Places of chains that nodes have signed, as JSON lines. Needs the certificate of a node.',
    group: 'Audit',
    query: {
      after: { about: 'Places behind this one, as `1:20`: chain and number.' },
      limit: {
        about: `How many at most: ${usualRows} unless given, ${mostRows} at most.`,
        schema: anyNumber,
      },
    },
    answers: {
      200: {
        about:
          'A line for each place: chain, seq, hash, signedAt, signature, certificate. None: there are no more.',
        content: { 'application/x-ndjson': { type: 'string' } },
      },
      401: needsOperator,
      422: 'A parameter is no number, or too large.',
    },
  },
  handle: async ({ request, context }) => {
    requireOperator({ request, context });
    const found = /^(\d{1,9}):(\d{1,15})$/.exec(queryText(request, 'after') ?? '0:0');
    if (found === null) throw refused('after', 'a chain and a number, such as 1:20');
    const page = { chain: Number(found[1]), seq: Number(found[2]), limit: limitOf(request) };
    const places = await exportedCheckpoints(context.store.trail, page);
    const lines = places.map((place) => `${JSON.stringify(place)}\n`);
    return { status: 200, headers: { 'content-type': 'application/x-ndjson' }, body: lines.join('') };
  },
};

/**
 * `GET /holdfast/audit/export`: the whole trail of this node, row by row, in the order of ids. Of operators only.
 *
 * A page begins behind the id `after`. Rows of transactions that run at the same time are seen out of the order of their ids, so
 * the last id of a page is no place to wait for more: who follows the trail asks for what stands `behind` the heads of
 * chains, which are seen in order (`core/audit/trail-following.ts`). An export is whole with regard to the chains that were read
 * before its first page: their records were seen already, whatever their ids.
 */
export const auditExportRoute: Route = {
  method: 'GET',
  url: '/holdfast/audit/export',
  token: 'none',
  about: {
    summary: 'Rows of the audit trail, as JSON lines. Needs the certificate of a node.',
    group: 'Audit',
    query: {
      after: { about: 'Rows with higher ids than this.', schema: anyNumber },
      limit: {
        about: `How many rows at most: ${usualRows} unless given, ${mostRows} at most.`,
        schema: anyNumber,
      },
      behind: {
        about: `Only of these chains, behind these numbers: \`1:20,7:0\`, at most ${mostChains}.`,
      },
    },
    answers: {
      200: {
        about: 'A line for each row: id, node, chain, seq, hash, and the record. None: there are no more.',
        content: { 'application/x-ndjson': { type: 'string' } },
      },
      401: needsOperator,
      422: 'A parameter is no number, or too large.',
    },
  },
  handle: async ({ request, context }) => {
    requireOperator({ request, context });
    const after = queryText(request, 'after') ?? '0';
    if (!/^\d{1,18}$/.test(after)) throw refused('after', 'the id of a row');
    const window = { after: BigInt(after), limit: limitOf(request) };
    const heads = headsOf(request);
    return linesAnswer(await context.store.trail.run((sql) => exportedRows(sql, window, heads)));
  },
};

/** @throws Problem `certificate_required` */
function requireOperator({ request, context }: Pick<Call, 'request' | 'context'>): void {
  const node = operatorNode(request);
  // The certificate of a node that was removed is good for years.
  if (node !== null && context.serving.view().state?.members.includes(node) === true) return;
  throw new Problem(
    'certificate_required',
    'The whole trail is told to operators on a node of the cluster only, by its certificate; others read /audit.',
  );
}

function limitOf(request: Call['request']): number {
  if (!hasQuery(request, 'limit')) return usualRows;
  const text = queryText(request, 'limit') ?? '';
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= mostRows) return limit;
  throw refused('limit', `a number between 1 and ${mostRows}`);
}

function headsOf(request: Call['request']): ReadonlyMap<number, number> | null {
  if (!hasQuery(request, 'behind')) return null;
  const pairs = (queryText(request, 'behind') ?? '').split(',');
  if (pairs.length > mostChains || !pairs.every((pair) => /^\d{1,9}:\d{1,15}$/.test(pair))) {
    throw refused('behind', `at most ${mostChains} pairs chain:number with commas between them`);
  }
  return new Map(
    pairs.map((pair) => {
      const [chain = '', seq = ''] = pair.split(':');
      return [Number(chain), Number(seq)];
    }),
  );
}

function linesAnswer(rows: readonly ExportedRow[]): Answer {
  const lines: string[] = [];
  let bytes = 0;
  for (const { id, node, chain, seq, hash, record } of rows) {
    if (bytes > pageBytes) break;
    const line = `${JSON.stringify({ id: String(id), node, chain, seq, hash, record })}\n`;
    lines.push(line);
    bytes += Buffer.byteLength(line);
  }
  return { status: 200, headers: { 'content-type': 'application/x-ndjson' }, body: lines.join('') };
}

/** Ids and numbers of transactions are larger than the numbers of JSON may be: they go as text. */
function chainsOnTheWire({ chains, ids, moment }: ExportedChains): unknown {
  const { lastId, endedBefore, begunBefore } = moment;
  return {
    chains: chains.map((chain) => ({ ...chain, afterId: String(chain.afterId) })),
    ids: ids === null ? null : { first: String(ids.first), last: String(ids.last) },
    moment: {
      lastId: String(lastId),
      endedBefore: String(endedBefore),
      begunBefore: String(begunBefore),
    },
  };
}

/** Of the beginning alone: those who follow ask every second, and what they read would be records of their reading. */
function beginRecord(call: Call, failure: unknown): readonly AuditRecord[] {
  const node = operatorNode(call.request);
  const begin = purposes.find((purpose) => purpose === queryText(call.request, 'begin'));
  if (node === null || begin === undefined) return [];
  const user = fullId(accountsAccount, 'node', node);
  const record = auditRecord(call, {
    msgid: 'audit',
    operation: begin,
    user,
    subject: {},
    failure,
    sentence: `${user} began to ${begin} the audit trail`,
    attempt: `${user} tried to ${begin} the audit trail`,
  });
  return [record];
}

function refused(name: string, what: string): Problem {
  return new Problem(
    'content_unprocessable',
    `'${name}' contains an invalid value. '${name}' must be ${what}.`,
  );
}
