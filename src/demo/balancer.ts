import { writeFileAtomically } from '../runtime/files.ts';
import { callProduct } from './product.ts';
import type { Site } from './site.ts';

/**
 * `holdfast lb haproxy`, with all nodes from the beginning: those that are still to come are simply down until then, so
 * HAProxy need not be reloaded, which would cut off whoever streams through it.
 */
export async function writeBalancerConfig(site: Site, signal: AbortSignal): Promise<void> {
  const { nodes, balancer, caFile } = site.plan;
  const toCome = nodes
    .filter(({ name }) => !site.record.made.includes(name))
    .map(({ name, kind, address, ports }) => `${name}:${kind}:${address}:${ports.base}`);
  const config = await callProduct({
    args: [
      ...[
        'lb',
        'haproxy',
        '--dir',
        nodes[0]?.dir ?? '',
        '--listen',
        balancer.listen.join(','),
        '--ca-file',
        caFile,
      ],
      ...['--followers-port', String(balancer.followers), '--stats-port', String(balancer.stats)],
      ...toCome.flatMap((words) => ['--also', words]),
    ],
    timeoutMs: 30_000,
    signal,
  });
  await writeFileAtomically(balancer.config, config);
}
