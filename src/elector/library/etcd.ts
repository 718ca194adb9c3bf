import { openEtcdGateway } from '../../coordination/etcd-gateway.ts';
import { createEtcdStore } from '../../coordination/etcd-store.ts';
import type { ElectionBackend } from '../../core/election/backend.ts';
import { Problem } from '../../core/problem.ts';
import { createEtcdBackend } from '../etcd/backend.ts';

export interface EtcdElectionOptions {
  /** Client URLs: `https://host:2379`. */
  readonly endpoints: readonly string[];
  /** Mutual TLS; the certificate needs clientAuth. */
  readonly tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
  /** Where the keys of the election lie, with a slash at the end: `/elections/web/`. */
  readonly prefix: string;
  /** Whole seconds in milliseconds; the same for all contenders. */
  readonly ttlMs: number;
}

/**
 * An election in etcd 3.4 to 3.6, for `campaign`.
 *
 * @throws Problem `config_invalid`
 */
export async function etcdElection({
  endpoints,
  tls,
  prefix,
  ttlMs,
}: EtcdElectionOptions): Promise<ElectionBackend> {
  if (ttlMs % 1000 !== 0 || ttlMs < 1000) {
    throw new Problem(
      'config_invalid',
      `ttlMs: ${ttlMs} is not whole seconds, which the leases of etcd take.`,
    );
  }
  const gateway = await openEtcdGateway({ endpoints, tls });
  return createEtcdBackend({ store: createEtcdStore(gateway), prefix, ttlSeconds: ttlMs / 1000 });
}
