import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SystemUser } from '../../runtime/run-as.ts';
import { runCommandOk } from '../../runtime/run-command.ts';
import type { TlsFiles } from '../settings.ts';

/** A certificate authority made for a test, with the openssl command. */
export interface TestAuthority {
  readonly issue: (name: string, options?: { readonly days?: number }) => Promise<TlsFiles>;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;

export async function makeAuthority(dir: string, runAs: SystemUser | null): Promise<TestAuthority> {
  await mkdir(dir, { mode: 0o755 });
  const caFile = join(dir, 'ca.pem');
  const caKey = join(dir, 'ca.key');
  const self = ['-x509', '-days', '2', '-subj', '/CN=test ca', '-keyout', caKey, '-out', caFile];
  await openssl(['req', ...self, ...newKey]);
  let issued = 0;
  const issue: TestAuthority['issue'] = async (name, options = {}) => {
    issued += 1;
    const base = join(dir, `${name}-${issued}`);
    const [certFile, keyFile, request, extension] = ['pem', 'key', 'req', 'ext'].map(
      (suffix) => `${base}.${suffix}`,
    );
    if (certFile === undefined || keyFile === undefined || request === undefined || extension === undefined) {
      throw new Error('unreachable');
    }
    await openssl(['req', ...newKey, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', request]);
    await writeFile(extension, `subjectAltName=DNS:${name}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    const signing = ['-CA', caFile, '-CAkey', caKey, '-days', String(options.days ?? 2)];
    await openssl(['x509', '-req', '-in', request, ...signing, '-extfile', extension, '-out', certFile]);
    if (runAs !== null) await chown(keyFile, runAs.uid, runAs.gid);
    return { caFile, certFile, keyFile };
  };
  return { issue };
}

async function openssl(args: readonly string[]): Promise<void> {
  await runCommandOk(['openssl', ...args], { timeoutMs: 20_000 });
}
