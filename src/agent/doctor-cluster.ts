import { isProblem } from '../core/problem.ts';
import { type Finding, fault, ok, warning } from './doctor-finding.ts';
import type { ClusterStatus } from './operations.ts';

/** Whether the cluster can be asked, and what it says of itself. */
export async function checkCluster(ask: () => Promise<ClusterStatus>): Promise<readonly Finding[]> {
  try {
    return judgeCluster(await ask());
  } catch (error) {
    if (!isProblem(error)) throw error;
    return [
      warning(
        'cluster',
        error.detail,
        'Start "holdfast node" here and on the other nodes; then look at their logs.',
      ),
    ];
  }
}

/** What a status means for the operator of this node. */
export function judgeCluster(status: ClusterStatus): readonly Finding[] {
  const { cluster, master, term, advice } = status;
  const mastered =
    master === null
      ? fault(
          'cluster',
          `"${cluster}" has no master`,
          'See "holdfast status": each node says what it waits for.',
        )
      : ok('cluster', `"${cluster}" is reached; ${master} is master in term ${term}`);
  const protection = status.protected
    ? [ok('protection', 'a failure of the master would heal by itself, without loss')]
    : advice
        .slice(0, 1)
        .map((sentence) =>
          warning('protection', 'a failure of the master would not heal by itself', sentence),
        );
  return [mastered, ...protection];
}
