import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorityFiles, createAuthority, issueCertificate } from '../authority.ts';
import { createKeyAndRequest } from '../node-key.ts';

/** The certificate and key of a node, as files and as PEM. */
export interface TestNode {
  readonly certFile: string;
  readonly keyFile: string;
  readonly certPem: string;
  readonly keyPem: string;
  readonly requestPem: string;
}

/** A throw-away cluster authority in a directory of its own, for tests. */
export interface TestAuthority extends AsyncDisposable {
  readonly dir: string;
  readonly caFile: string;
  readonly caPem: string;
  /** Issues a certificate for this name, `localhost` and the loopback addresses unless other names are given. */
  readonly node: (
    name: string,
    wanted?: { readonly dnsNames?: readonly string[]; readonly ipAddresses?: readonly string[] },
  ) => Promise<TestNode>;
}

/** Makes an authority; `await using` removes it with everything that it issued. */
export async function createTestAuthority(clusterName = 'test'): Promise<TestAuthority> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-authority-'));
  const authorityDir = join(dir, 'authority');
  const caPem = await createAuthority({ dir: authorityDir, clusterName, days: 30 });
  return {
    dir: authorityDir,
    caFile: authorityFiles(authorityDir).certFile,
    caPem,
    node: async (name, wanted = {}) => {
      const [keyFile, certFile] = [join(dir, `${name}.key`), join(dir, `${name}.crt`)];
      const requestPem = await createKeyAndRequest({ keyFile, commonName: name });
      const certPem = await issueCertificate({
        authorityDir,
        requestPem,
        commonName: name,
        dnsNames: wanted.dnsNames ?? [name, 'localhost'],
        ipAddresses: wanted.ipAddresses ?? ['127.0.0.1', '::1'],
        days: 7,
      });
      await writeFile(certFile, certPem);
      return { certFile, keyFile, certPem, keyPem: await readFile(keyFile, 'utf8'), requestPem };
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
