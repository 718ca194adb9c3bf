import { request as httpsRequest } from 'node:https';
import type { StoreEvent } from '../core/coordination/cluster-store.ts';
import { describeError } from '../core/problem.ts';
import type { Endpoint } from './etcd-endpoints.ts';
import { leaderHeader } from './etcd-exchange.ts';
import { judgeFault } from './etcd-verdict.ts';
import type { EtcdWatchTiming, StreamEnd } from './etcd-watch.ts';
import {
  asBoolean,
  asId,
  asInteger,
  asList,
  asObject,
  asText,
  decodeEntry,
  decodeText,
  encodePrefixEnd,
  encodeText,
  type Json,
  parseJson,
} from './etcd-wire.ts';
import { splitLines } from './json-lines.ts';

/** One line holds all changes of up to 1000 revisions; a longer one is answered by reading anew. */
const lineLimitBytes = 16 * 1024 * 1024;

export interface WatchStream {
  readonly endpoint: Endpoint;
  readonly prefix: string;
  readonly fromRevision: number;
  readonly timing: EtcdWatchTiming;
  readonly clusterId: string | null;
  readonly signal: AbortSignal;
  readonly onEvents: (events: readonly StoreEvent[]) => void;
}

/** One connection of a watch, until it ends for whatever reason. */
export function openWatchStream(stream: WatchStream): Promise<StreamEnd> {
  return new Promise((resolve) => {
    const call = httpsRequest(new URL('/v3/watch', stream.endpoint.url), {
      agent: stream.endpoint.streamAgent,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...leaderHeader },
    });
    let timer = setTimeout(
      () => finish({ kind: 'failed', because: 'not created in time' }),
      stream.timing.createMs,
    );
    let ended = false;
    const finish = (end: StreamEnd): void => {
      ended = true;
      clearTimeout(timer);
      stream.signal.removeEventListener('abort', leave);
      resolve(end);
      call.destroy();
    };
    const fail = (error: unknown): void => finish({ kind: 'failed', because: describeError(error) });
    const leave = (): void => finish({ kind: 'again' });
    const onLine = (text: string): void => {
      if (ended) return;
      const line = readLine(text, stream);
      if (line.events.length > 0) stream.onEvents(line.events);
      if (line.end !== null) finish(line.end);
    };
    const take = splitLines(lineLimitBytes, onLine);
    call.on('error', fail);
    call.on('response', (response) => {
      response.on('error', fail);
      response.on('end', () => fail('etcd ended the watch'));
      response.on('data', (chunk: Buffer) => {
        clearTimeout(timer);
        timer = setTimeout(leave, stream.timing.silenceMs);
        if (take(chunk)) return;
        finish({ kind: 'over', end: { kind: 'compacted', revision: stream.fromRevision } });
      });
    });
    if (stream.signal.aborted) leave();
    else stream.signal.addEventListener('abort', leave);
    call.end(
      JSON.stringify({
        create_request: {
          key: encodeText(stream.prefix),
          range_end: encodePrefixEnd(stream.prefix),
          start_revision: String(stream.fromRevision),
          progress_notify: true,
        },
      }),
    );
  });
}

interface WatchLine {
  readonly events: readonly StoreEvent[];
  /** How the stream ends by this line; null when it goes on. */
  readonly end: StreamEnd | null;
}

/** Reads one line of the stream. Never throws. */
function readLine(text: string, stream: WatchStream): WatchLine {
  try {
    const line = parseJson(text);
    if (line['result'] === undefined) return { events: [], end: readFault(line) };
    const result = asObject(line['result'], 'result');
    const cluster = asId(asObject(result['header'], 'header')['cluster_id'], 'header.cluster_id');
    if (stream.clusterId !== null && cluster !== stream.clusterId) {
      return { events: [], end: { kind: 'failed', because: 'it belongs to another etcd cluster' } };
    }
    return { events: asList(result['events'], 'events').map(decodeEvent), end: readEnd(result) };
  } catch (error) {
    return { events: [], end: { kind: 'failed', because: describeError(error) } };
  }
}

function readEnd(result: Json): StreamEnd | null {
  const compacted = asInteger(result['compact_revision'], 'compact_revision');
  if (compacted > 0) return { kind: 'over', end: { kind: 'compacted', revision: compacted } };
  if (!asBoolean(result['canceled'], 'canceled')) return null;
  return { kind: 'failed', because: asText(result['cancel_reason'], 'cancel_reason') };
}

function readFault(line: Json): StreamEnd {
  const verdict = judgeFault(faultOf(line));
  const because = verdict.kind === 'ok' ? '' : verdict.because;
  if (verdict.kind !== 'rejected') return { kind: 'failed', because };
  return { kind: 'over', end: { kind: 'rejected', because } };
}

/** A fault stands in `error` as an object in streams, or as a text beside its code elsewhere. */
function faultOf(line: Json): Json {
  return typeof line['error'] === 'string' ? line : asObject(line['error'], 'error');
}

function decodeEvent(value: unknown): StoreEvent {
  const event = asObject(value, 'events');
  if (asText(event['type'], 'type') !== 'DELETE') return { kind: 'put', entry: decodeEntry(event['kv']) };
  const kv = asObject(event['kv'], 'kv');
  return {
    kind: 'delete',
    key: decodeText(kv['key'], 'kv.key'),
    modRevision: asInteger(kv['mod_revision'], 'kv.mod_revision'),
  };
}
