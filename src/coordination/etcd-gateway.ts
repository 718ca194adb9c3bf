import { EventEmitter } from 'node:events';
import type { CancelSignal } from '../core/coordination/cluster-store.ts';
import { Problem } from '../core/problem.ts';
import { callOnce, callRepeatable, type AttemptLimits, type CallRoute } from './etcd-call.ts';
import { EtcdEndpoints, type Endpoint, type EtcdTlsFiles, readTlsFiles } from './etcd-endpoints.ts';
import { exchange } from './etcd-exchange.ts';
import { judge, type Verdict, verdictProblem } from './etcd-verdict.ts';
import { asBoolean, asId, asObject, type Json } from './etcd-wire.ts';

export interface EtcdGatewayOptions {
  /** Client URLs, `https://host:port`. The first is preferred until it fails. */
  readonly endpoints: readonly string[];
  readonly tls: EtcdTlsFiles;
  /** The cluster that must answer, as decimal digits; null or absent: whichever answers first is held on to. */
  readonly clusterId?: string | null;
}

export interface EtcdCall {
  /** Below the endpoint: `/v3/kv/range`. */
  readonly path: string;
  readonly body: Json;
  /** `safe`: doing it twice is doing it once, so it may be sent to several endpoints. `never`: at most once. */
  readonly repeat: 'safe' | 'never';
  readonly timeoutMs: number;
  readonly signal?: CancelSignal | undefined;
}

/**
 * Calls to an etcd cluster through its JSON gateway (/v3/, etcd 3.4 to 3.6) over mutual TLS. Answers of a member of
 * another cluster (a wiped member that was started as a new cluster, a wrong address) are never taken.
 */
export interface EtcdGateway {
  readonly endpoints: EtcdEndpoints;
  /** @throws Problem `store_unavailable`, `store_unanswered`, `store_rejected`, as the port says */
  readonly call: (call: EtcdCall) => Promise<Json>;
  /** The same at one endpoint (`host:port`), with or without a leader, once. */
  readonly callAt: (endpoint: string, call: Omit<EtcdCall, 'repeat'>) => Promise<Json>;
  /** The cluster that this gateway is held to; null before the first answer. */
  readonly clusterId: () => string | null;
  /** Reads the TLS files again, for a renewed certificate. */
  readonly renewTls: () => Promise<void>;
  /** Aborted once the gateway is closed. */
  readonly closed: AbortSignal;
  readonly close: () => void;
}

const proveMs = 1000;

/** @throws Problem `config_invalid` */
export async function openEtcdGateway(options: EtcdGatewayOptions): Promise<EtcdGateway> {
  const closing = new AbortController();
  EventEmitter.setMaxListeners(0, closing.signal); // one listener for each call under way
  let clusterId = options.clusterId ?? null;
  const attempt = async (endpoint: Endpoint, call: AttemptCall): Promise<Verdict> => {
    const url = new URL(call.path, endpoint.url);
    const verdict = judge(
      await exchange({ ...call, agent: endpoint.agent, url, body: JSON.stringify(call.body) }),
    );
    if (verdict.kind !== 'ok') return verdict;
    try {
      const answeredBy = clusterOf(verdict.answer);
      // Only a call to one endpoint may be answered without (moving the leader is), after a look at who it is.
      if (answeredBy === null && !call.needsLeader) return verdict;
      if (answeredBy === null) return { kind: 'unanswered', because: 'its answer names no cluster' };
      if (clusterId !== null && answeredBy !== clusterId) {
        // After a proof this takes a member replaced between two calls. What it did, it did to the other cluster.
        return {
          kind: 'unanswered',
          because: `it belongs to another etcd cluster (${answeredBy}, not ${clusterId})`,
        };
      }
      clusterId = answeredBy;
    } catch {
      return { kind: 'unanswered', because: 'its answer cannot be read' };
    }
    return verdict;
  };
  const prove = async (endpoint: Endpoint, timeoutMs: number): Promise<string | null> => {
    const status = { path: '/v3/maintenance/status', body: {}, needsLeader: true, signal: closing.signal };
    const verdict = await attempt(endpoint, { ...status, timeoutMs, connectMs: timeoutMs });
    return verdict.kind === 'ok' ? faultOf(verdict.answer) : verdict.because;
  };
  const tls = await readTlsFiles(options.tls);
  const isWell = async (endpoint: Endpoint): Promise<boolean> => (await prove(endpoint, proveMs)) === null;
  const endpoints = new EtcdEndpoints(options.endpoints, tls, isWell);
  const call = async (wanted: EtcdCall): Promise<Json> => {
    if (closing.signal.aborted) throw new Problem('store_unavailable', 'The connection to etcd is closed.');
    const link = linkSignals(closing.signal, wanted.signal);
    const route: CallRoute = {
      order: () => endpoints.order(),
      succeeded: (endpoint) => endpoints.succeeded(endpoint),
      failed: (endpoint) => endpoints.failed(endpoint),
      prove,
      attempt: (endpoint, limits) =>
        attempt(endpoint, { path: wanted.path, body: wanted.body, needsLeader: true, ...limits }),
    };
    try {
      const limits = { timeoutMs: wanted.timeoutMs, signal: link.signal };
      return await (wanted.repeat === 'safe' ? callRepeatable(route, limits) : callOnce(route, limits));
    } finally {
      link.release();
    }
  };
  return {
    endpoints,
    call,
    callAt: async (name, { path, body, timeoutMs, signal }) => {
      const endpoint = endpoints.named(name);
      if (endpoint === undefined) throw new Problem('config_invalid', `There is no etcd endpoint ${name}.`);
      const limits = { timeoutMs, connectMs: timeoutMs, signal: signal ?? closing.signal };
      const verdict = await attempt(endpoint, { path, body, needsLeader: false, ...limits });
      if (verdict.kind === 'ok') return verdict.answer;
      throw verdictProblem(verdict, name);
    },
    clusterId: () => clusterId,
    renewTls: async () => endpoints.renewTls(await readTlsFiles(options.tls)),
    closed: closing.signal,
    close: () => {
      closing.abort();
      endpoints.close();
    },
  };
}

interface AttemptCall extends AttemptLimits {
  readonly path: string;
  readonly body: Json;
  readonly needsLeader: boolean;
}

/** Answers of streams (lease keep-alive) stand inside `result`. */
function clusterOf(answer: Json): string | null {
  const body = answer['result'] === undefined ? answer : asObject(answer['result'], 'result');
  return asId(asObject(body['header'], 'header')['cluster_id'], 'header.cluster_id');
}

/** Why a member cannot serve calls, from what it says of itself; null when it can. */
function faultOf(status: Json): string | null {
  try {
    if (asId(status['leader'], 'leader') === null) return 'it knows no leader';
    return asBoolean(status['isLearner'], 'isLearner') ? 'it is a learner' : null;
  } catch {
    return 'its answer cannot be read';
  }
}

/** One signal for two; `release` takes the listeners away again (the closing signal lives as long as the gateway). */
function linkSignals(
  closing: AbortSignal,
  wanted: CancelSignal | undefined,
): { signal: AbortSignal; release: () => void } {
  const both = new AbortController();
  const abort = (): void => both.abort();
  if (closing.aborted || wanted?.aborted === true) abort();
  closing.addEventListener('abort', abort);
  wanted?.addEventListener('abort', abort);
  return {
    signal: both.signal,
    release: () => {
      closing.removeEventListener('abort', abort);
      wanted?.removeEventListener('abort', abort);
    },
  };
}
