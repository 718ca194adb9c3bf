/**
 * `holdfast/elect`: one leader among many processes, with a signal that fires before another can lead, and a fencing token.
 *
 * ```ts
 * import { campaign, consulElection } from 'holdfast/elect';
 *
 * const ttlMs = 15_000;
 * await campaign({
 *   backend: await consulElection({ key: 'app/leader', ttlMs }),
 *   ttlMs,
 *   lead: async ({ signal, token }) => work({ signal, token }),
 * });
 * ```
 *
 * @module
 */
export type { ElectionBackend, OpenedSession, SeenLock } from '../core/election/backend.ts';
export { isFencingToken } from '../core/election/fencing-token.ts';
export { isProblem, Problem } from '../core/problem.ts';
export { campaign, type CampaignOptions, type Leadership } from './library/campaign.ts';
export { conjurElection, type ConjurElectionOptions } from './library/conjur.ts';
export { consulElection, type ConsulElectionOptions } from './library/consul.ts';
export { etcdElection, type EtcdElectionOptions } from './library/etcd.ts';
export { createElectorLog, type ElectorLog } from './log.ts';
export { createMemoryElection, type MemoryElection } from './memory/backend.ts';
