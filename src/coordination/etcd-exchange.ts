import type { IncomingMessage } from 'node:http';
import { type Agent, request as httpsRequest } from 'node:https';
import type { CancelSignal } from '../core/coordination/cluster-store.ts';
import { describeError } from '../core/problem.ts';

export interface ExchangeRequest {
  readonly agent: Agent;
  readonly url: URL;
  readonly body: string;
  /** Milliseconds until the answer must be whole. */
  readonly timeoutMs: number;
  /** Milliseconds until the connection must stand; a request that waits longer is withdrawn unsent. */
  readonly connectMs: number;
  readonly signal?: CancelSignal | undefined;
  /** Whether a member without a leader shall refuse at once. */
  readonly needsLeader: boolean;
}

/** How one HTTP request ended. `not_sent` is certain: no byte of it can reach etcd any more. */
export type Exchange =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'not_sent'; readonly because: string }
  /** `futile`: it was answered, with more than we take, and would be again. */
  | { readonly kind: 'unanswered'; readonly because: string; readonly futile?: boolean };

const answerLimitBytes = 8 * 1024 * 1024;

/**
 * With this header a member that has no leader refuses at once instead of waiting out its own request timeout (etcd 3.4:
 * 7 s), and refuses before it proposes anything.
 */
export const leaderHeader: Readonly<Record<string, string>> = { 'Grpc-Metadata-hasleader': 'true' };

/** One POST to one endpoint. Never throws. */
export function exchange(request: ExchangeRequest): Promise<Exchange> {
  return new Promise((resolve) => {
    const body = Buffer.from(request.body);
    const call = httpsRequest(request.url, {
      agent: request.agent,
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'Content-Length': body.length,
        ...(request.needsLeader ? leaderHeader : {}),
      },
    });
    let sent = false;
    const finish = (result: Exchange): void => {
      clearTimeout(deadline);
      clearTimeout(connectDeadline);
      request.signal?.removeEventListener('abort', abandon);
      resolve(result);
    };
    const giveUp = (because: string): void => {
      finish({ kind: sent ? 'unanswered' : 'not_sent', because });
      call.destroy();
    };
    const abandon = (): void => giveUp('the call was given up');
    const deadline = setTimeout(
      () => giveUp(`no answer within ${round(request.timeoutMs)} ms`),
      request.timeoutMs,
    );
    const connectDeadline = setTimeout(() => {
      if (!sent) giveUp(`no connection within ${round(request.connectMs)} ms`);
    }, request.connectMs);
    call.once('socket', (socket) => {
      // A socket that still connects holds the request back until the TLS handshake is done; any other carries it now.
      if (socket.connecting) socket.once('secureConnect', () => (sent = true));
      else sent = true;
    });
    call.on('error', (error) => {
      // TLS 1.3: the server looks at our certificate after our first bytes are out. Its alert says that it read none.
      const kind = sent && !isTlsAlert(error) ? 'unanswered' : 'not_sent';
      finish({ kind, because: describeError(error) });
    });
    call.on('response', (response) => collect(response, finish));
    if (request.signal?.aborted === true) abandon();
    else request.signal?.addEventListener('abort', abandon);
    call.end(body);
  });
}

function collect(response: IncomingMessage, finish: (result: Exchange) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > answerLimitBytes) {
      finish({
        kind: 'unanswered',
        because: `the answer is longer than ${answerLimitBytes} bytes`,
        futile: true,
      });
      response.destroy();
    } else chunks.push(chunk);
  });
  response.on('end', () => {
    finish({ kind: 'answer', status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
  });
  response.on('error', (error) => finish({ kind: 'unanswered', because: describeError(error) }));
}

/** Whether the other side ended the TLS session by an alert, as it does with a certificate that it does not accept. */
function isTlsAlert(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).includes('_ALERT_');
}

function round(ms: number): number {
  return Math.round(ms);
}
