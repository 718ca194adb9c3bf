import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { describeError, Problem } from '../core/problem.ts';

/** Files of the mutual TLS towards etcd. The certificate needs clientAuth. */
export interface EtcdTlsFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** One client URL of one etcd member. */
export interface Endpoint {
  readonly name: string;
  readonly url: URL;
  /** Kept-alive connections for calls. */
  readonly agent: Agent;
  /** A connection of its own for each watch. */
  readonly streamAgent: Agent;
  /** It has answered since it last failed: it is there, has a leader, votes, and belongs to our cluster. */
  readonly proven: boolean;
}

interface MutableEndpoint extends Endpoint {
  agent: Agent;
  streamAgent: Agent;
  proven: boolean;
}

/** How often a failed endpoint is tried again, in milliseconds. */
const retryMs = 1000;
/** The first endpoint is preferred again once it has not failed for this long. */
const calmMs = 10_000;

/**
 * The endpoints of the cluster and which one is used: one is preferred and kept until it fails or is late, then the next
 * one that is known to be well. Failed ones are tried again in the background, and the first (a node's own member: nobody
 * else's end concerns it) is gone back to when it has been well for a while.
 */
export class EtcdEndpoints {
  readonly #prove: (endpoint: Endpoint) => Promise<boolean>;
  readonly #listeners = new Set<(failed: Endpoint) => void>();
  #tls: SecureContext;
  #all: MutableEndpoint[] = [];
  #preferred = 0;
  #retry: NodeJS.Timeout | null = null;
  #firstFailedAt = -Infinity;
  #closed = false;

  constructor(urls: readonly string[], tls: SecureContext, prove: (endpoint: Endpoint) => Promise<boolean>) {
    this.#tls = tls;
    this.#prove = prove;
    this.replace(urls);
  }

  /** Takes another list of endpoints; those that stay keep their connections. @throws Problem `config_invalid` */
  replace(urls: readonly string[]): void {
    const parsed = urls.map(parseEndpoint);
    if (parsed.length === 0) throw new Problem('config_invalid', 'etcd endpoints: name at least one.');
    const favourite = this.#all[this.#preferred]?.name;
    const known = new Map(this.#all.map((endpoint) => [endpoint.name, endpoint]));
    this.#all = parsed.map((url) => known.get(url.host) ?? newEndpoint(url, this.#tls));
    const kept = new Set(this.#all);
    for (const old of known.values()) if (!kept.has(old)) destroyAgents(old);
    this.#preferred = Math.max(
      0,
      this.#all.findIndex((endpoint) => endpoint.name === favourite),
    );
  }

  /** New connections use this material from now on; idle old ones end by themselves. */
  renewTls(tls: SecureContext): void {
    this.#tls = tls;
    for (const endpoint of this.#all) Object.assign(endpoint, newAgents(tls));
  }

  /** All endpoints in the order to try them: from the preferred one on, those known to be well first. */
  order(): readonly Endpoint[] {
    const turned = [...this.#all.slice(this.#preferred), ...this.#all.slice(0, this.#preferred)];
    return [...turned.filter((one) => one.proven), ...turned.filter((one) => !one.proven)];
  }

  named(name: string): Endpoint | undefined {
    return this.#all.find((endpoint) => endpoint.name === name);
  }

  succeeded(endpoint: Endpoint): void {
    const index = this.#all.findIndex((one) => one.name === endpoint.name);
    const found = this.#all[index];
    if (found === undefined) return;
    found.proven = true;
    if (this.#all[this.#preferred]?.proven !== true) this.#preferred = index;
  }

  /** Failed or late: others are preferred from now on, and this one must prove itself again. */
  failed(endpoint: Endpoint): void {
    const found = this.#all.find((one) => one.name === endpoint.name);
    if (found === undefined || this.#closed) return;
    found.proven = false;
    if (found === this.#all[0]) this.#firstFailedAt = performance.now();
    const [next] = this.order();
    this.#preferred = Math.max(
      0,
      this.#all.findIndex((one) => one.name === next?.name),
    );
    if (next === found) this.#preferred = (this.#preferred + 1) % this.#all.length;
    for (const listener of this.#listeners) listener(endpoint);
    this.#retry ??= setTimeout(() => void this.#retryFailed(), retryMs).unref();
  }

  /** Calls `listener` whenever an endpoint fails; the answer takes it back. */
  onFailed(listener: (failed: Endpoint) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    for (const endpoint of this.#all) destroyAgents(endpoint);
  }

  async #retryFailed(): Promise<void> {
    const failed = this.#all.filter((endpoint) => !endpoint.proven);
    await Promise.all(
      failed.map(async (endpoint) => {
        if (await this.#prove(endpoint)) this.succeeded(endpoint);
        else if (endpoint === this.#all[0]) this.#firstFailedAt = performance.now();
      }),
    );
    const calm = performance.now() - this.#firstFailedAt >= calmMs;
    if (calm && this.#all[0]?.proven === true) this.#preferred = 0;
    const again = !this.#closed && (this.#preferred !== 0 || this.#all.some((endpoint) => !endpoint.proven));
    this.#retry = again ? setTimeout(() => void this.#retryFailed(), retryMs).unref() : null;
  }
}

/** Reads certificate, key and CA. @throws Problem `config_invalid` that names the file */
export async function readTlsFiles(files: EtcdTlsFiles): Promise<SecureContext> {
  const read = async (field: string, path: string): Promise<Buffer> => {
    try {
      return await readFile(path);
    } catch (cause) {
      throw new Problem('config_invalid', `etcd ${field}: ${path} cannot be read: ${describeError(cause)}.`, {
        cause,
      });
    }
  };
  const [ca, cert, key] = await Promise.all([
    read('caFile', files.caFile),
    read('certFile', files.certFile),
    read('keyFile', files.keyFile),
  ]);
  try {
    return createSecureContext({ ca, cert, key }); // else each request would fail on it, one by one
  } catch (cause) {
    const because = describeError(cause);
    throw new Problem('config_invalid', `etcd certFile, keyFile, caFile do not fit together: ${because}.`, {
      cause,
    });
  }
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.protocol !== 'https:' || url.hostname === '') {
    throw new Problem('config_invalid', `etcd endpoint "${text}": write it as https://host:port.`);
  }
  return url;
}

function newEndpoint(url: URL, tls: SecureContext): MutableEndpoint {
  return { name: url.host, url, ...newAgents(tls), proven: false };
}

/** One context for all connections: making one for each costs as much as a handshake, and memory that comes back late. */
function newAgents(secureContext: SecureContext): { agent: Agent; streamAgent: Agent } {
  return {
    // Free sockets are dropped after the timeout; kept-alive ones resume no session, new ones do (the agent caches it).
    agent: new Agent({
      secureContext,
      keepAlive: true,
      keepAliveMsecs: 1000,
      maxSockets: 16,
      maxFreeSockets: 4,
      timeout: 30_000,
    }),
    streamAgent: new Agent({ secureContext, keepAlive: false, maxSockets: 16 }),
  };
}

function destroyAgents(endpoint: Endpoint): void {
  endpoint.agent.destroy();
  endpoint.streamAgent.destroy();
}
