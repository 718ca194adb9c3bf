import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { ElectionBackend } from '../../core/election/backend.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { createConjurBackend } from '../conjur/backend.ts';
import { shortestLeaseMs } from '../conjur/lease-bounds.ts';

export interface ConjurElectionOptions {
  /** Of a master, or of a load balancer before it: `https://vault.example.com`. Followers hold no elections. */
  readonly url: string;
  readonly account: string;
  /** A host that is a member of `conjur/vault-synchronizer/members`: `host/app-1`. */
  readonly login: string;
  readonly apiKey: string;
  /** The authorities of the server's certificate, PEM; those that Node brings unless told. */
  readonly caFile?: string;
  /** What this contender is called where the leader is named; the machine's host name unless told. */
  readonly name?: string;
  /** The lease in milliseconds, 10 s or more; the same for all contenders. */
  readonly ttlMs: number;
}

/**
 * An election in a Holdfast cluster, or any other server with the Conjur API, for `campaign`: the leader-expiration protocol, fenced.
 * Its policy must be there. No call is made yet.
 *
 * @throws Problem `config_invalid`
 */
export async function conjurElection(options: ConjurElectionOptions): Promise<ElectionBackend> {
  const { url, account, login, caFile, name = hostname(), ttlMs } = options;
  if (ttlMs < shortestLeaseMs) {
    throw new Problem(
      'config_invalid',
      `ttlMs: ${ttlMs} is too short. A lease is compared by whole seconds, and has ${shortestLeaseMs} ms or more.`,
    );
  }
  const ca = caFile === undefined ? null : await readAuthorities(caFile);
  const apiKey = new Secret(options.apiKey);
  return createConjurBackend({
    fetch: openWebFetch({ ca }),
    url,
    account,
    login,
    apiKey,
    name,
    leaseMs: ttlMs,
  });
}

async function readAuthorities(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    throw new Problem('config_invalid', `caFile: ${path} cannot be read (${code}).`);
  }
}
