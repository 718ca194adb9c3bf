import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../core/problem.ts';
import type { PeerAddress } from '../../core/serving.ts';
import { clientAddress } from '../http/client-address.ts';
import {
  callerAddressHeader,
  operatorHeader,
  passedOnHeader,
  untouchedHeader,
} from '../http/holdfast-headers.ts';
import { requestIdHeader } from '../http/request-id.ts';
import { operatorNode } from '../http/operator-node.ts';

/**
 * Sends a write to the master, or the new master, and its answer to the client.
 *
 * @returns `answered`; or that the node did nothing with it: it is not reached, or (`refused`) takes nothing now. Ask again later
 * @throws Problem `write_indeterminate` when it was sent and no answer came; `writes_closed` when it was passed on before
 */
export type PassOn = (
  request: FastifyRequest,
  reply: FastifyReply,
  how: PassingOn,
) => Promise<'answered' | 'refused' | 'unreached'>;

/** Where a request goes. */
export interface PassingOn {
  readonly to: PeerAddress;
  /** How long a connection may take. */
  readonly withinMs: number;
  /** This node goes on serving the client: its connection stays. */
  readonly keepsClient: boolean;
}

/** This node's certificate, and the authority that successors must be certified by. */
export interface PeerIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

interface PeerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Belongs to one connection (RFC 9110, 7.6.1), or is set anew. */
const notPassedOn: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
  'host',
  operatorHeader, // what a client makes of it must not reach a listener where it counts
]);
const answerLimitBytes = 16 * 1024 * 1024;
/** What PostgreSQL's confirmation may take on a new master; and, on a master that a follower asks, the largest policy. */
const answerWithinMs = { handOver: 10_000, follower: 60_000 };
/** So many requests of followers are under way at a time: each has a connection, and its body in memory. */
const passingUpLimit = 256;
const connectedAhead = 4;
/** Shorter than a server keeps an idle connection open. */
const idleMs = 3000;

export interface PeerPassOn {
  readonly passOn: PassOn;
  /** Connects to a node before there is anything to pass on to it. Never throws: what cannot be had is done without. */
  readonly connect: (heir: PeerAddress) => void;
}

/** Passes requests on over mutual TLS; the token and the address of the caller go along. */
export function peerPassOn(identity: () => PeerIdentity, trustedProxies: readonly string[]): PeerPassOn {
  const connections = connectionsOf(identity);
  return {
    passOn: passOnOver(connections, trustedProxies),
    connect: ({ host, port }) => {
      for (let count = 0; count < connectedAhead; count += 1) {
        const call = httpsRequest({ agent: connections(), host, port, path: '/info', timeout: idleMs });
        call.on('response', (response) => response.resume());
        call.on('timeout', () => call.destroy());
        call.on('error', () => undefined);
        call.end();
      }
    },
  };
}

function passOnOver(connections: () => Agent, trustedProxies: readonly string[]): PassOn {
  let passingUp = 0;
  return async (request, reply, { to, withinMs, keepsClient }) => {
    if (keepsClient && passingUp >= passingUpLimit) return 'refused';
    if (request.headers[passedOnHeader] !== undefined) {
      throw new Problem('writes_closed', 'This node is no master either; the write was not passed on again.');
    }
    if (operatorNode(request) !== null) {
      throw new Problem('writes_closed', 'This node is no master, or is handing over; ask the master.');
    }
    const address = clientAddress(request, trustedProxies);
    const answerMs = keepsClient ? answerWithinMs.follower : answerWithinMs.handOver;
    passingUp += 1;
    const answer = await send(connections(), { request, address }, { to, withinMs, answerMs }).finally(() => {
      passingUp -= 1;
    });
    if (answer === null) return 'unreached';
    if (answer.headers[untouchedHeader] !== undefined) return 'refused';
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined && !notPassedOn.has(name)) void reply.header(name, value);
    }
    // The client's next request shall go where the load balancer sends it, and not to a node that is no master any more.
    if (!keepsClient) void reply.header('connection', 'close');
    void reply.code(answer.status).send(answer.body);
    return 'answered';
  };
}

/** Connections are kept for the next held request: each handshake costs as much as the request. */
function connectionsOf(identity: () => PeerIdentity): () => Agent {
  let made: { readonly of: PeerIdentity; readonly agent: Agent } | null = null;
  return () => {
    const now = identity();
    if (made?.of !== now) {
      const secureContext = createSecureContext({ ...now });
      made = { of: now, agent: new Agent({ secureContext, keepAlive: true, timeout: idleMs }) };
    }
    return made.agent;
  };
}

/** Null when the connection did not come about, so that nothing was sent. */
async function send(
  agent: Agent,
  { request, address }: { readonly request: FastifyRequest; readonly address: string },
  { to, withinMs, answerMs }: Pick<PassingOn, 'to' | 'withinMs'> & { readonly answerMs: number },
): Promise<PeerAnswer | null> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !notPassedOn.has(name)),
  );
  const outgoing = httpsRequest({
    agent,
    host: to.host,
    port: to.port,
    ...(to.certificateName === undefined ? {} : { servername: to.certificateName }),
    method: request.method,
    path: request.raw.url,
    headers: {
      ...headers,
      [callerAddressHeader]: address,
      [passedOnHeader]: '1',
      [requestIdHeader]: request.id,
      'content-length': body.length,
    },
  });
  let connected = false;
  return new Promise<PeerAnswer | null>((resolve, reject) => {
    const connectTimer = setTimeout(() => outgoing.destroy(), Math.min(withinMs, 500));
    const answerTimer = setTimeout(() => outgoing.destroy(new Error('no answer')), answerMs);
    outgoing.once('socket', (socket) => {
      const go = (): void => {
        connected = true;
        clearTimeout(connectTimer);
        outgoing.end(body); // nothing leaves before the successor has proved who it is
      };
      if (outgoing.reusedSocket) go();
      else socket.once('secureConnect', go);
    });
    let answered = false;
    outgoing.once('response', (response) => {
      answered = true; // how it ends is told by the response from here on
      readAnswer(response).then(resolve, reject);
    });
    outgoing.once('error', (error) => reject(error));
    outgoing.once('close', () => {
      clearTimeout(connectTimer);
      clearTimeout(answerTimer);
      if (!answered) reject(new Error('closed'));
    });
  }).catch((error: unknown) => {
    if (!connected) return null;
    throw new Problem('write_indeterminate', 'The master did not answer; read the value back.', {
      cause: error,
    });
  });
}

async function readAnswer(response: IncomingMessage): Promise<PeerAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > answerLimitBytes) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 502, headers: response.headers, body: Buffer.concat(chunks) };
}
