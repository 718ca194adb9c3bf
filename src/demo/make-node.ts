import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../runtime/files.ts';
import { unprivilegedUser } from './directory.ts';
import { account, type PlannedNode, publicName } from './plan.ts';
import { callProduct } from './product.ts';
import type { Site } from './site.ts';

/** What one command of the set-up may take, in milliseconds. */
export const commandLimitMs = 120_000;

export interface Making {
  readonly site: Site;
  readonly node: PlannedNode;
  readonly signal: AbortSignal;
  readonly detail: (text: string) => void;
}

/** `holdfast init`: the first node. */
export async function initialise({ site, node, signal, detail }: Making): Promise<void> {
  const { shape, balancer, caFile } = site.plan;
  const { address, api, data, audit, peer } = balancer;
  const apiKey = await callProduct({
    args: [
      'init',
      ...nodeArguments(node),
      ...['--public-name', publicName, '--cluster', 'demo', '--account', account],
      ...['--ttl', `${shape.ttlSeconds}s`],
      ...['--load-balancer', [address, api, data, audit, peer].join(':')],
    ],
    namespace: node.namespace,
    timeoutMs: commandLimitMs,
    signal,
    onLine: detail,
  });
  const authority = await readFile(join(node.dir, 'tls', 'ca.crt'));
  await writeFileAtomically(caFile, authority, { mode: 0o644 });
  await site.remember((record) => ({ ...record, made: [...record.made, node.name], apiKey: apiKey.trim() }));
}

/** `holdfast token create` at the first node, `holdfast join` with it. */
export async function joinNode({ site, node, signal, detail }: Making): Promise<void> {
  const [first] = site.plan.nodes;
  const printed = await callProduct({
    args: ['token', 'create', '--dir', first?.dir ?? '', '--kind', node.kind, '--json'],
    timeoutMs: commandLimitMs,
    signal,
  });
  const { url = '', token = '' }: { readonly url?: string; readonly token?: string } = JSON.parse(printed);
  await callProduct({
    args: ['join', url, ...nodeArguments(node), '--token-file', '-'],
    input: token,
    namespace: node.namespace,
    timeoutMs: commandLimitMs,
    signal,
    onLine: detail,
  });
  await site.remember((record) => ({ ...record, made: [...record.made, node.name] }));
}

function nodeArguments({ dir, name, address, ports }: PlannedNode): readonly string[] {
  return [
    ...['--dir', dir, '--name', name, '--host', address, '--listen', address],
    ...['--ports', String(ports.base), '--run-as', unprivilegedUser],
  ];
}
