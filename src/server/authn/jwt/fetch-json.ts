import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { errorCode } from '../../../store/translate.ts';

/** What came of a fetch. `late`: nothing did in time; otherwise the other side refused, or answered what is no JSON. */
export type Fetched =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly late: boolean; readonly why: string };

export interface FetchBounds {
  /** PEM; these certificates alone are trusted then. Null: those that Node trusts. */
  readonly caCert: string | null;
  /** For everything together: name, connection, TLS, headers, body. */
  readonly timeoutMs: number;
  readonly limitBytes: number;
}

/**
 * Fetches a JSON document. Redirects are not followed: they would lead to where nobody configured. Each fetch has a
 * connection of its own; they are rare.
 */
export async function fetchJson(url: URL, bounds: FetchBounds): Promise<Fetched> {
  const signal = AbortSignal.timeout(bounds.timeoutMs);
  try {
    const response = await answerTo(url, bounds.caCert, signal);
    if (response.statusCode !== 200) {
      response.destroy();
      return failed(`response code: ${response.statusCode ?? 'none'}`);
    }
    const text = await textOf(response, bounds.limitBytes);
    if (text === null) return failed(`the response is larger than ${bounds.limitBytes} bytes`);
    return parsed(text);
  } catch (error) {
    if (signal.aborted) return { ok: false, late: true, why: `no answer within ${bounds.timeoutMs} ms` };
    return failed(errorCode(error) || 'the connection failed');
  }
}

function answerTo(url: URL, caCert: string | null, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, signal, headers: { accept: 'application/json' } };
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, ...(caCert === null ? {} : { ca: caCert }) })
        : requestHttp(url, options);
    request.on('response', resolve).on('error', reject).end();
  });
}

/** The body, null when it is larger than it may be. */
async function textOf(response: IncomingMessage, limitBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > limitBytes) return null; // leaving the loop destroys the connection
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): Fetched {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return failed('the response is no JSON');
  }
}

function failed(why: string): Fetched {
  return { ok: false, late: false, why };
}
