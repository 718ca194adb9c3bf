/** One of the times of a verdict. */
export interface Measure {
  readonly name:
    | 'detectionMs'
    | 'promotionMs'
    | 'firstWriteDirectMs'
    | 'firstWriteBalancerMs'
    | 'longestPauseMs'
    | 'redundancyMs';
  readonly title: string;
  /** The head of its column on a terminal. */
  readonly column: string;
  readonly meaning: string;
  /** Whether every round that took effect has to show it: where the master stays, nobody is promoted. */
  readonly expected: boolean;
}

/** The times of a verdict, in the order in which a failover goes through them. */
export const measures: readonly Measure[] = [
  {
    name: 'detectionMs',
    title: 'Detection',
    column: 'DETECT',
    meaning: 'the old master serves nobody, or somebody else leads',
    expected: false,
  },
  {
    name: 'promotionMs',
    title: 'Promotion',
    column: 'PROMOTE',
    meaning: 'another node says that it is the master',
    expected: false,
  },
  {
    name: 'firstWriteDirectMs',
    title: 'First write, direct',
    column: 'DIRECT',
    meaning: 'the first acknowledged write that began after the fault did, straight to a node',
    expected: true,
  },
  {
    name: 'firstWriteBalancerMs',
    title: 'First write, balancer',
    column: 'BALANCER',
    meaning: 'the same through the load balancer, as clients go',
    expected: true,
  },
  {
    name: 'longestPauseMs',
    title: 'Longest pause',
    column: 'PAUSE',
    meaning: 'the longest time without an acknowledgement through the load balancer',
    expected: false,
  },
  {
    name: 'redundancyMs',
    title: 'Full redundancy',
    column: 'WHOLE',
    meaning: 'from the end of the fault until the cluster could lose its master again',
    expected: true,
  },
];
