import { isIP } from 'node:net';
import { writeFileAtomically } from '../runtime/files.ts';
import type { SystemUser } from '../runtime/run-as.ts';
import type { NodeLayout } from './layout.ts';

/** How long what is issued is good for, in days. */
export const authorityDays = 3650;
export const nodeDays = 1825;

export interface CertificateNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** The names in a node's certificate: its own, the cluster's public one, its host, and this machine for itself. */
export function certificateNames(node: {
  readonly name: string;
  readonly publicName: string;
  readonly host: string;
}): CertificateNames {
  const names = [node.name, node.publicName, 'localhost', node.host, '127.0.0.1'];
  return {
    dnsNames: [...new Set(names.filter((name) => isIP(name) === 0))],
    ipAddresses: [...new Set(names.filter((name) => isIP(name) !== 0))],
  };
}

/** Puts the certificates where PostgreSQL and etcd read them; the private key is there already. */
export async function writeCertificates(
  layout: NodeLayout,
  pems: { readonly ca: string; readonly cert: string },
  owner: SystemUser | null,
): Promise<void> {
  await writeFileAtomically(layout.tls.ca, pems.ca, { mode: 0o644, owner });
  await writeFileAtomically(layout.tls.cert, pems.cert, { mode: 0o644, owner });
}

/** The data key as a file: strict base64, for this user only. */
export async function writeDataKey(layout: NodeLayout, key: Buffer): Promise<void> {
  await writeFileAtomically(layout.dataKey, `${key.toString('base64')}\n`, { mode: 0o600 });
}
