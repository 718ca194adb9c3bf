import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommandOk } from '../../runtime/run-command.ts';
import type { EtcdTlsFiles } from '../etcd-endpoints.ts';

/** A certificate authority for one test, made with the openssl command. */
export interface TestCa {
  readonly certFile: string;
  /**
   * A certificate for 127.0.0.1 unless told (`names` as openssl writes them), with serverAuth and clientAuth unless told.
   * `days` below 0: it has expired already.
   */
  readonly issue: (name: string, days?: number, usages?: string, names?: string) => Promise<EtcdTlsFiles>;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export async function makeTestCa(dir: string, name: string): Promise<TestCa> {
  const certFile = join(dir, `${name}.crt`);
  const keyFile = join(dir, `${name}.key`);
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
    '-keyout',
    keyFile,
    '-out',
    certFile,
  );
  return {
    certFile,
    issue: async (subject, days = 1, usages = 'serverAuth,clientAuth', names = 'IP:127.0.0.1') => {
      const base = join(dir, `${name}-${subject}`);
      const files = { caFile: certFile, certFile: `${base}.crt`, keyFile: `${base}.key` };
      await writeFile(`${base}.ext`, `subjectAltName=${names}\nextendedKeyUsage=${usages}\n`);
      await openssl(
        'req',
        '-new',
        ...newKey,
        '-subj',
        `/CN=${subject}`,
        '-keyout',
        files.keyFile,
        '-out',
        `${base}.csr`,
      );
      const request = ['-req', '-in', `${base}.csr`, '-CA', certFile, '-CAkey', keyFile, '-CAcreateserial'];
      await openssl(
        'x509',
        ...request,
        '-extfile',
        `${base}.ext`,
        '-days',
        String(days),
        '-out',
        files.certFile,
      );
      return files;
    },
  };
}

async function openssl(...args: readonly string[]): Promise<void> {
  await runCommandOk(['openssl', ...args], { timeoutMs: 20_000 });
}
