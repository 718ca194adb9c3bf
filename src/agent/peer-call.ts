import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { decodeRecord } from '../core/failover/codec.ts';
import { describeError, Problem } from '../core/problem.ts';
import { type ProblemCode, problemKinds } from '../core/problem-codes.ts';
import { readBody } from './http-limits.ts';
import { bodyLimitBytes } from './join-exchange.ts';

export interface PeerCall {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** The one authority that the other must have its certificate from. */
  readonly ca: string;
  /** Ours, where we have one. */
  readonly client?: { readonly cert: string; readonly key: string };
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * One call to another node's agent.
 *
 * @returns the body of a 200
 * @throws Problem that the other node answered with; `peer_unreachable`, `peer_untrusted`
 */
export async function callPeer(call: PeerCall): Promise<string> {
  const { url, method, path, body, ca, client, timeoutMs } = call;
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]);
  let status: number;
  let text: string;
  try {
    const sent = request(new URL(path, url), {
      method,
      ca,
      ...client,
      agent: false, // one call, one connection
      minVersion: 'TLSv1.3',
      signal,
      headers: { 'content-type': 'application/json' },
    });
    sent.end(body);
    const [answer]: IncomingMessage[] = await once(sent, 'response', { signal });
    if (answer === undefined) throw new Error('no answer');
    status = answer.statusCode ?? 0;
    text = await readBody(answer, bodyLimitBytes);
  } catch (error) {
    throw callFailed(error, url);
  }
  if (status === 200) return text;
  throw refusal(text, status, url);
}

/** What a connection failed of, told with the way out. */
export function callFailed(error: unknown, url: URL): Problem {
  if (error instanceof Problem) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new Problem(
      'peer_untrusted',
      `url: the certificate of the node at ${url.host} is not good for this name: ${describeError(error)} Use a name or address that it carries.`,
      { cause: error },
    );
  }
  if (/CERT|SIGNATURE|ISSUER/u.test(code)) {
    return new Problem(
      'peer_untrusted',
      `url: the certificate of the node at ${url.host} is refused (${describeError(error)}). Check the URL, and the clocks of both machines.`,
      { cause: error },
    );
  }
  return new Problem(
    'peer_unreachable',
    `url: ${url.host} cannot be reached (${describeError(error)}). Check that the node runs, that the port is its agent's, and what lies between.`,
    { cause: error },
  );
}

/** The other's own refusal, as the Problem that it was there. */
function refusal(text: string, status: number, url: URL): Problem {
  const body = decodeRecord<{ readonly error?: { readonly code?: unknown; readonly message?: unknown } }>(
    text,
  );
  const { code, message } = body?.error ?? {};
  if (typeof code === 'string' && isCode(code) && typeof message === 'string')
    return new Problem(code, message);
  return new Problem(
    'peer_unreachable',
    `url: what listens on ${url.host} answered ${status} and is not the agent of a Holdfast node. Is it the agent's port?`,
  );
}

function isCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemKinds, code);
}
