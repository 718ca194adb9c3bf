import type { DeclaredMember } from '../../core/failover/cluster-state.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';

const heading = ['NAME', 'KIND', 'HOST', 'API', 'PEER', 'DATA', 'AUDIT', 'AGENT', 'ETCD'] as const;

/** The declared nodes with their ports, one line each. */
export function renderMembers(members: readonly DeclaredMember[], style: Style): string {
  const rows = members.map(({ name, kind, addresses }) => {
    const { host, api, peer, data, audit, agent, etcdClient, etcdPeer } = addresses;
    const etcd = etcdClient === null ? '–' : `${etcdClient}, ${etcdPeer ?? '–'}`;
    return [name, kind, host, ...[api, peer, data, audit, agent].map(String), etcd].map((text) => ({ text }));
  });
  return renderTable([heading.map((text) => ({ text, paint: style.faint })), ...rows]).join('\n');
}
