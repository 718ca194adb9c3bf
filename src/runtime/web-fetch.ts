import { once } from 'node:events';
import {
  Agent as HttpAgent,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { checkServerIdentity } from 'node:tls';
import { Problem } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem-codes.ts';

/** Whom to trust and who to be. */
export interface WebTrust {
  /** Authorities of the server's certificate, PEM; null: those that Node brings. */
  readonly ca: string | null;
  /** A certificate of our own, where the server asks for one. */
  readonly client?: { readonly cert: string; readonly key: string };
  /** The name that the server's certificate must carry; null: the host of the URL. */
  readonly certificateName?: string | null;
}

interface Init {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly headers: { readonly get: (name: string) => string | null };
  readonly arrayBuffer: () => Promise<ArrayBuffer>;
}

/** A fetch that keeps connections for the next request, until it is closed. */
export interface WebFetch {
  (url: string, init: Init): Promise<Answer>;
  /** Closes its connections, those that wait for an answer, too. Whoever opens one for a time closes it; another request opens anew. */
  readonly close: () => void;
}

const answerLimitBytes = 64 * 1024 * 1024;

/**
 * Requests over HTTPS (or HTTP) in the manner of the web's `fetch`, which in Node takes no authority of one's own: one per
 * server, since it keeps its connections for the next request. It follows no redirects. An answer has 64 MiB at most.
 *
 * @throws Problem `peer_untrusted`, `peer_unreachable`, and `api_unavailable` when the other side closes it, all before
 * anything was sent; `api_unanswered` when the connection broke after that; an AbortError when the signal says so
 */
export function openWebFetch(trust: WebTrust): WebFetch {
  const { ca, client, certificateName } = trust;
  const secure = new HttpsAgent({
    keepAlive: true,
    minVersion: 'TLSv1.2',
    ...(ca === null ? {} : { ca }),
    ...client,
    ...(certificateName === null || certificateName === undefined
      ? {}
      : { checkServerIdentity: (_host, certificate) => checkServerIdentity(certificateName, certificate) }),
  });
  const plain = new HttpAgent({ keepAlive: true });
  const fetch = async (address: string, init: Init): Promise<Answer> => {
    const url = new URL(address);
    const isSecure = url.protocol === 'https:';
    const options: RequestOptions = {
      method: init.method,
      headers: {
        ...init.headers,
        ...(init.body === null ? {} : { 'content-length': Buffer.byteLength(init.body) }),
      },
      agent: isSecure ? secure : plain,
      signal: init.signal,
    };
    const sent = isSecure ? httpsRequest(url, options) : httpRequest(url, options);
    let connected = false;
    sent.once('socket', (socket) => {
      connected = sent.reusedSocket;
      if (connected) return; // it is used for many requests: a listener each would pile up on it
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        connected = true;
      });
    });
    try {
      sent.end(init.body ?? undefined);
      const [answer]: IncomingMessage[] = await once(sent, 'response');
      if (answer === undefined) throw new Error('no answer');
      return answerOf(answer, url, init.signal);
    } catch (error) {
      throw init.signal.aborted ? error : connectionFailed(error, url, connected);
    }
  };
  const close = (): void => {
    secure.destroy();
    plain.destroy();
  };
  return Object.assign(fetch, { close });
}

function answerOf(message: IncomingMessage, url: URL, signal: AbortSignal): Answer {
  return {
    status: message.statusCode ?? 0,
    headers: {
      get: (name) => {
        const value = message.headers[name.toLowerCase()];
        return Array.isArray(value) ? value.join(', ') : (value ?? null);
      },
    },
    arrayBuffer: async () => {
      try {
        return await readAll(message, url);
      } catch (error) {
        throw signal.aborted ? error : connectionFailed(error, url, true);
      }
    },
  };
}

async function readAll(message: IncomingMessage, url: URL): Promise<ArrayBuffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > answerLimitBytes) {
      throw new Problem('body_too_large', `${url.host} answers with more than ${answerLimitBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  const whole = new ArrayBuffer(bytes);
  new Uint8Array(whole).set(Buffer.concat(chunks));
  return whole;
}

/** What a connection failed of, with the way out. Codes are told instead of texts: those of OpenSSL are for experts. */
function connectionFailed(error: unknown, url: URL, connected: boolean): Problem {
  if (error instanceof Problem) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
  const { host } = url;
  const problem = (kind: ProblemCode, detail: string): Problem => new Problem(kind, detail, { cause: error });
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return problem(
      'peer_untrusted',
      `the certificate of ${host} is not good for this name. Use a name or address that it carries.`,
    );
  }
  if (code.includes('ALERT')) {
    return problem('peer_untrusted', `${host} refuses us (${code}). Is it the port for clients?`);
  }
  if (/CERT|SIGNATURE|ISSUER/u.test(code)) {
    return problem(
      'peer_untrusted',
      `the certificate of ${host} is not trusted (${code}). Name the authority that issued it, and check the URL.`,
    );
  }
  // A load balancer without a server behind it takes connections, and closes them.
  const closedEarly = !connected && /^(ECONNRESET|EPIPE)$/u.test(code);
  if (closedEarly) return problem('api_unavailable', `${host} closes the connection at once (${code}).`);
  if (connected) return problem('api_unanswered', `the connection to ${host} broke off (${code}).`);
  const hint = code === 'EPROTO' || code.startsWith('ERR_SSL') ? ' Does it speak TLS there?' : '';
  return problem('peer_unreachable', `${host} cannot be reached (${code}).${hint}`);
}
