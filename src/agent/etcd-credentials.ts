import { readFile } from 'node:fs/promises';
import { describeError } from '../core/problem.ts';
import { checkClientCertificate, type ClientFile } from '../identity/check-client-certificate.ts';
import { writeFileAtomically } from '../runtime/files.ts';
import type { SystemUser } from '../runtime/run-as.ts';
import type { NodeLayout } from './layout.ts';
import { failOn } from './node-options.ts';
import type { EtcdFiles } from './operations.ts';

/** What an external etcd is talked to with, PEM. */
export interface EtcdCredentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const clientFiles = ['ca', 'cert', 'key'] as const;

/** Which of the three options are missing, with the way out. */
export function missingEtcdFiles(files: EtcdFiles): readonly string[] {
  const missing = clientFiles.filter((file) => files[file] === null).map((file) => `--etcd-${file}`);
  if (missing.length === 0) return [];
  return [
    `${missing.join(', ')}: an external etcd is talked to with certificates of its own authority. Name the authority's certificate with --etcd-ca, and a client certificate that it accepts with --etcd-cert and --etcd-key`,
  ];
}

/** Which of the three are given although nothing is external. */
export function needlessEtcdFiles(files: EtcdFiles): readonly string[] {
  return clientFiles.filter((file) => files[file] !== null).map((file) => `--etcd-${file}`);
}

/**
 * Reads the three files and looks at them.
 *
 * @throws Problem `config_invalid` with all faults in one: missing, unreadable, expired, of different pairs
 */
export async function readEtcdCredentials(files: EtcdFiles, nowMs: number): Promise<EtcdCredentials> {
  failOn(missingEtcdFiles(files));
  const faults: string[] = [];
  const read = async (file: ClientFile): Promise<string> => {
    const path = files[file] ?? '';
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      faults.push(`--etcd-${file}: ${path} cannot be read (${describeError(error)})`);
      return '';
    }
  };
  const [ca, cert, key] = await Promise.all([read('ca'), read('cert'), read('key')]);
  failOn(faults);
  const checked = checkClientCertificate({ caPem: ca, certPem: cert, keyPem: key, nowMs, warnDays: 0 });
  failOn(
    checked.filter(({ fatal }) => fatal).map(({ file, what }) => `--etcd-${file}: ${files[file]} ${what}`),
  );
  return { ca, cert, key };
}

/** Copies what was read into the node's directory, the key for its user alone, as the node's own. */
export async function writeEtcdCredentials(
  layout: NodeLayout,
  credentials: EtcdCredentials,
  owner: SystemUser | null,
): Promise<void> {
  const { ca, cert, key } = layout.etcdTls;
  await writeFileAtomically(ca, credentials.ca, { mode: 0o644, owner });
  await writeFileAtomically(cert, credentials.cert, { mode: 0o644, owner });
  await writeFileAtomically(key, credentials.key, { mode: 0o600, owner });
}
