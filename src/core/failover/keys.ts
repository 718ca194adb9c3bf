/** The keys of one cluster in the coordination store. */
export interface ClusterKeys {
  readonly prefix: string;
  readonly config: string;
  readonly leader: string;
  readonly beat: string;
  readonly sync: string;
  readonly promotion: string;
  readonly switchover: string;
  readonly forced: string;
  readonly released: (term: number) => string;
  readonly history: (term: number) => string;
  readonly evicted: (name: string) => string;
  readonly member: (name: string) => string;
  /** Join tokens: not part of what a turn reads. */
  readonly token: (id: string) => string;
}

/** Everything a turn reads stands under `prefix`; join tokens stand beside it. */
export function clusterKeys(cluster: string): ClusterKeys {
  const prefix = `/holdfast/${cluster}/state/`;
  return {
    prefix,
    config: `${prefix}config`,
    leader: `${prefix}leader`,
    beat: `${prefix}beat`,
    sync: `${prefix}sync`,
    promotion: `${prefix}promotion`,
    switchover: `${prefix}switchover`,
    forced: `${prefix}forced`,
    released: (term) => `${prefix}released/${term}`,
    history: (term) => `${prefix}history/${term}`,
    evicted: (name) => `${prefix}evicted/${name}`,
    member: (name) => `${prefix}members/${name}`,
    token: (id) => `/holdfast/${cluster}/tokens/${id}`,
  };
}
