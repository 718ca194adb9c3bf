/** How synchronizers of one target agree on which of them writes. */
export interface ElectionSettings {
  /**
   * `fenced`: a writer's host for each term, whose deletion locks a deposed leader out. `published`: the steps of the published
   * protocol and nothing else, under which two leaders may write at a time.
   */
  readonly protocol: 'fenced' | 'published';
  /** Of one leader; the same for all synchronizers of a target, in milliseconds. */
  readonly leaseMs: number;
  /** What this synchronizer is called in the annotation of `current-leader`. */
  readonly name: string;
}
