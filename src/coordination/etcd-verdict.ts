import { isProblem, Problem } from '../core/problem.ts';
import type { Exchange } from './etcd-exchange.ts';
import { asText, type Json, parseJson } from './etcd-wire.ts';

/** What one attempt at one endpoint came to, in the store's terms. */
export type Verdict =
  | { readonly kind: 'ok'; readonly answer: Json }
  /** Certainly not done; another endpoint may do it. */
  | { readonly kind: 'refused'; readonly because: string }
  /** Certainly not done, and no endpoint will. */
  | { readonly kind: 'rejected'; readonly because: string }
  /** Nobody can say whether it was or will be done. */
  | { readonly kind: 'unanswered'; readonly because: string; readonly futile?: boolean };

// Sentences with which etcd refuses before it proposes anything to the cluster (server/etcdserver/api/v3rpc
// interceptors and the head of processInternalRaftRequestOnce). Whatever is not listed counts as unanswered.
const refusals: ReadonlySet<string> = new Set([
  'etcdserver: no leader',
  'etcdserver: not leader',
  'etcdserver: too many requests',
  'etcdserver: rpc not supported for learner',
  'etcdserver: not capable',
  'raft proposal dropped',
]);

// gRPC codes with which etcd says no for certain: INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED,
// RESOURCE_EXHAUSTED, FAILED_PRECONDITION, OUT_OF_RANGE, UNIMPLEMENTED, UNAUTHENTICATED.
const rejections: ReadonlySet<number> = new Set([3, 5, 6, 7, 8, 9, 11, 12, 16]);

// Said with the code UNAVAILABLE, but looked at before anything is proposed (mayAddMember and its like).
const unhealthy = 'etcdserver: unhealthy cluster';

/** Reads an exchange. Never throws. */
export function judge(exchange: Exchange): Verdict {
  if (exchange.kind === 'not_sent') return { kind: 'refused', because: exchange.because };
  if (exchange.kind === 'unanswered') return exchange;
  if (exchange.status === 404 && !exchange.body.startsWith('{')) {
    return { kind: 'rejected', because: 'its JSON gateway is off, or it is older than 3.4' };
  }
  try {
    const answer = parseJson(exchange.body);
    if (exchange.status === 200 && answer['error'] === undefined) return { kind: 'ok', answer };
    return judgeFault(answer);
  } catch (error) {
    const because = isProblem(error) ? error.detail : 'its answer cannot be read';
    return { kind: 'unanswered', because: `HTTP status ${exchange.status}: ${because}` };
  }
}

/** etcd 3.4 and 3.5: `{ error, message, code }`; 3.6: `{ code, message }`; in streams it stands inside `error`. */
export function judgeFault(fault: Json): Verdict {
  const because = asText(fault['message'] ?? fault['error'], 'message').slice(0, 300);
  if (refusals.has(because)) return { kind: 'refused', because };
  const code = fault['code'] ?? fault['grpc_code'];
  const certain = because === unhealthy || (typeof code === 'number' && rejections.has(code));
  return { kind: certain ? 'rejected' : 'unanswered', because };
}

/** The Problem for a verdict that is not `ok`. */
export function verdictProblem(verdict: Exclude<Verdict, { kind: 'ok' }>, endpoint: string): Problem {
  const { because } = verdict;
  if (verdict.kind === 'refused') {
    return new Problem('store_unavailable', `etcd at ${endpoint} did not take the call: ${because}.`);
  }
  if (verdict.kind === 'rejected') {
    return new Problem('store_rejected', `etcd at ${endpoint} refused the call: ${because}.`);
  }
  const doubt = 'The call may still take effect.';
  return new Problem('store_unanswered', `etcd at ${endpoint} did not answer: ${because}. ${doubt}`);
}
