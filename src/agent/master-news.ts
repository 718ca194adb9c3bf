import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { createSecureContext } from 'node:tls';
import { hear } from '../core/freshness.ts';
import { type LogPosition, parseLogPosition } from '../core/log-position.ts';
import { describeError } from '../core/problem.ts';
import type { PeerAddress } from '../core/serving.ts';
import { Ways } from '../core/ways.ts';
import { realClock } from '../runtime/real-clock.ts';
import type { AgentState } from './agent-state.ts';
import { readBody } from './http-limits.ts';
import { masterAddresses } from './master-address.ts';

const everyMs = 1000;
const answerMs = 2000;
const answerLimitBytes = 1000;

/**
 * A follower asks the master once a second how far it is: by that, and by what was replayed, it knows how new its data is, also when
 * the master is at rest.
 */
export class MasterNews {
  readonly #state: AgentState;
  readonly #timer: NodeJS.Timeout;
  #agent: Agent | null = null;
  #asking = false;
  readonly #ways = new Ways();

  constructor(state: AgentState) {
    this.#state = state;
    this.#timer = setInterval(() => void this.#ask(), everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#agent?.destroy();
  }

  async #ask(): Promise<void> {
    const state = this.#state;
    const ways = masterAddresses(state.node.config, state.lastCluster);
    const to = this.#ways.choose(ways);
    if (this.#asking || to === null) return;
    this.#asking = true;
    const since = realClock.now();
    try {
      this.#agent ??= await openAgent(state);
      const position = await askPosition(this.#agent, to);
      if (position !== null) state.freshness = hear(state.freshness, { position, since });
    } catch (error) {
      this.#ways.leadsNowhere();
      // A master that is gone or out of reach: the data grows old, and says so.
      state.node.log.debug(`no news of the master: ${describeError(error)}`);
    } finally {
      this.#asking = false;
    }
  }
}

async function openAgent({ node }: AgentState): Promise<Agent> {
  const { ca, cert, key } = node.layout.tls;
  const [authority, certificate, privateKey] = await Promise.all(
    [ca, cert, key].map((file) => readFile(file)),
  );
  const secureContext = createSecureContext({ ca: authority, cert: certificate, key: privateKey });
  return new Agent({ secureContext, keepAlive: true, maxSockets: 1 });
}

async function askPosition(agent: Agent, to: PeerAddress): Promise<LogPosition | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const sent = request({
    agent,
    host: to.host,
    port: to.port,
    ...(to.certificateName === undefined ? {} : { servername: to.certificateName }),
    path: '/holdfast/position',
    signal: AbortSignal.timeout(answerMs),
  });
  sent.once('error', reject);
  sent.once('response', (response) => {
    if (response.statusCode === 200) {
      readBody(response, answerLimitBytes).then(resolve, reject);
      return;
    }
    response.resume();
    reject(new Error(`it answered ${response.statusCode}`));
  });
  sent.end();
  const answer: unknown = JSON.parse(await promise);
  const said = typeof answer === 'object' && answer !== null && 'position' in answer ? answer.position : null;
  return typeof said === 'string' ? parseLogPosition(said) : null;
}
