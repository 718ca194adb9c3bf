import { Problem } from '../core/problem.ts';

/** How etcd ended, as a Problem. `lines` are the last ones that it logged. */
export function explainEtcdExit(
  name: string,
  end: { readonly code: number | null; readonly signal: string | null },
  lines: readonly string[],
): Problem {
  const text = lines.join('\n');
  const known = explanations.find(({ sign }) => sign.test(text));
  if (known !== undefined) return new Problem(known.code, `etcd member ${name} ended: ${known.because}.`);
  const how = end.signal === null ? `with code ${end.code}` : `by ${end.signal}`;
  const last = lines.slice(-3).join(' | ').slice(-600);
  return new Problem('etcd_failed', `etcd member ${name} ended ${how}${last === '' ? '' : `: ${last}`}`);
}

const explanations = [
  {
    sign: /address already in use/,
    code: 'port_taken',
    because: 'another program listens on one of its ports',
  },
  {
    sign: /has been permanently removed|was permanently removed|removed from the cluster/,
    code: 'etcd_removed',
    because: 'it was removed from the cluster; add it anew as a learner and start it with an empty directory',
  },
  {
    sign: /has already been bootstrapped|tocommit\(\d+\) is out of range/,
    code: 'etcd_data_missing',
    because:
      'the cluster knows it, but its data is gone; remove that member by id, add it anew as a learner, and start with "join"',
  },
  {
    sign: /cluster ?ID mismatch|mismatch.*cluster.?id|cluster-id-mismatch/i,
    code: 'directory_not_ours',
    because: 'its data directory belongs to another cluster',
  },
] as const;
