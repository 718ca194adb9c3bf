import { Agent, request } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { SignPlace } from '../../core/audit/checkpoint.ts';
import { type ChainHead, linksOfTexts, openChain, type OpeningFacts } from '../../core/audit/chain.ts';
import { type Continuation, type Load, travelName } from '../../core/audit/carry-step.ts';
import { pushBody, type PushOutcome } from '../../core/audit/pushed.ts';
import type { PeerAddress } from '../../core/serving.ts';
import { sha256 } from '../../store/audit-chain.ts';
import type { PeerIdentity } from '../serving/pass-on.ts';

/** Sends records to the master. */
export interface Pusher {
  /** @throws when no answer came, or one that says nothing of the records: they may be there or not, and are sent again */
  readonly push: (to: PeerAddress, loads: readonly Load[]) => Promise<readonly PushOutcome[]>;
  readonly end: () => void;
}

const answerMs = 30_000;
const answerLimitBytes = 1024 * 1024;

/** Opens one connection, over mutual TLS, at the first push. */
export function openPusher(identity: PeerIdentity, sign: SignPlace): Pusher {
  const agent = new Agent({
    secureContext: createSecureContext({ ...identity }),
    keepAlive: true,
    maxSockets: 2,
  });
  return {
    push: async (to, loads) =>
      outcomesOf(await send(agent, to, Buffer.from(loads.map((load) => bodyOf(load, sign)).join('')))),
    end: () => agent.destroy(),
  };
}

/** The rows of a load as they travel, with a signature of the last. */
function bodyOf(load: Load, sign: SignPlace): string {
  const { rows } = load;
  const { facts, from, newest, last } =
    load.continued === null ? asItIs(load) : continuation(load, load.continued);
  const { node, chain: name, before } = facts;
  const { seq, hash } = last;
  const { signedAt, signature } = sign({ node, chain: name, seq, hash });
  return pushBody(
    { node, chain: name, before, from, newest, hash, signature: { signedAt, signature } },
    rows.map(({ text }) => text),
  );
}

/** What is said of a load beside its records. */
interface LoadFacts {
  readonly facts: OpeningFacts;
  readonly from: number;
  readonly newest: number;
  readonly last: ChainHead;
}

function asItIs({ chain, rows }: Load): LoadFacts {
  const { node, chain: name, before, head } = chain;
  return {
    facts: { node, chain: name, before },
    from: rows[0]?.seq ?? 1,
    newest: head.seq,
    last: rows.at(-1) ?? head,
  };
}

/** Behind a place that the master lost: numbered and linked anew, as a chain that names that place as its beginning. */
function continuation(load: Load, { from: place, head }: Continuation): LoadFacts {
  const { chain, rows } = load;
  const facts = { node: chain.node, chain: travelName(load), before: { chain: chain.chain, ...place } };
  const start = head ?? openChain(facts, sha256);
  return {
    facts,
    from: start.seq + 1,
    newest: chain.head.seq - place.seq,
    last:
      linksOfTexts(
        start,
        rows.map(({ text }) => text),
        sha256,
      ).at(-1) ?? start,
  };
}

async function send(agent: Agent, to: PeerAddress, body: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({
      agent,
      host: to.host,
      port: to.port,
      ...(to.certificateName === undefined ? {} : { servername: to.certificateName }),
      method: 'POST',
      path: '/holdfast/audit/records',
      headers: { 'content-type': 'application/x-ndjson', 'content-length': body.length },
      signal: AbortSignal.timeout(answerMs),
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerLimitBytes) sent.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`the master answered ${response.statusCode}`));
      });
    });
    sent.end(body);
  });
}

/** The master is one of us: its answer is taken at its word, where it has the right shape. */
function outcomesOf(text: string): readonly PushOutcome[] {
  const outcomes: unknown = JSON.parse(text);
  if (!Array.isArray(outcomes)) throw new Error('the answer of the master is no list');
  return outcomes;
}
