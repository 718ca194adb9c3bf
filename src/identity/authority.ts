import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Problem } from '../core/problem.ts';
import { makeDirectory, writeFileAtomically } from '../runtime/files.ts';
import { readCertificate } from './certificate.ts';
import { createKeyFile } from './key-file.ts';
import { assertCommonName, assertDnsName, assertIpAddress } from './names.ts';
import { createRequest, requestPublicKey } from './node-key.ts';
import { authorityExtensions, nodeExtensions, signRequest } from './sign-request.ts';

const dayMs = 86_400_000;
/** Certificates are valid from a little before they are made: clocks of machines differ. */
const backdateMs = 5 * 60_000;

/** Where an authority keeps its two files. */
export function authorityFiles(dir: string): { readonly certFile: string; readonly keyFile: string } {
  return { certFile: join(resolve(dir), 'ca.crt'), keyFile: join(resolve(dir), 'ca.key') };
}

/**
 * Makes the certificate authority of a new cluster: `ca.key` (EC P-256, 0600) and `ca.crt` in `dir`.
 *
 * @returns the authority's certificate, PEM
 * @throws Problem `directory_not_ours` when there is an authority in `dir` already
 */
export async function createAuthority(options: {
  readonly dir: string;
  readonly clusterName: string;
  readonly days: number;
  readonly signal?: AbortSignal;
}): Promise<string> {
  assertCommonName('clusterName', options.clusterName);
  const { certFile, keyFile } = authorityFiles(options.dir);
  await makeDirectory(options.dir, 0o700);
  await createKeyFile(keyFile, { signal: options.signal });
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const now = Date.now();
  const certificatePem = await signRequest({
    requestPem: await createRequest({ keyFile, commonName: options.clusterName, ...signal }),
    issuer: { keyFile, certFile: null },
    subject: `/O=Holdfast/CN=${options.clusterName}`,
    extensions: authorityExtensions,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + validDays(options.days) * dayMs),
    ...signal,
  });
  await writeFileAtomically(certFile, certificatePem, { mode: 0o644 });
  return certificatePem;
}

/**
 * Puts an authority that another node handed over (its key came in a sealed box) into `dir`. The key is written last,
 * so an authority with a key is whole.
 *
 * @throws Problem `certificate_invalid` when key and certificate do not belong together
 */
export async function installAuthority(options: {
  readonly dir: string;
  readonly certificatePem: string;
  readonly keyPem: Buffer;
}): Promise<void> {
  const { certFile, keyFile } = authorityFiles(options.dir);
  const certificate = readCertificate(options.certificatePem);
  if (!certificate.ca || !certificate.checkPrivateKey(createPrivateKey(options.keyPem))) {
    throw new Problem(
      'certificate_invalid',
      'The authority key does not belong to the authority certificate.',
    );
  }
  await makeDirectory(options.dir, 0o700);
  await writeFileAtomically(certFile, options.certificatePem, { mode: 0o644 });
  await writeFileAtomically(keyFile, options.keyPem);
}

export interface CertificateOrder {
  readonly authorityDir: string;
  readonly requestPem: string;
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Cut down to what is left of the authority's own validity. */
  readonly days: number;
  readonly signal?: AbortSignal;
}

/**
 * Issues the certificate of a node. Of the request only the public key is taken, and only after its signature proved
 * that the sender holds the private key: names and usages are the issuer's to decide. Good for both ends of a TLS
 * connection (etcd's gateway dials its own server port with the server's certificate, so it needs both usages).
 *
 * @returns the certificate, PEM
 * @throws Problem `certificate_invalid` for a bad request, bad names, or an authority that has expired
 */
export async function issueCertificate(order: CertificateOrder): Promise<string> {
  assertCommonName('commonName', order.commonName);
  for (const name of order.dnsNames) assertDnsName(name);
  for (const address of order.ipAddresses) assertIpAddress(address);
  if (order.dnsNames.length + order.ipAddresses.length === 0) {
    throw new Problem(
      'certificate_invalid',
      'dnsNames, ipAddresses: a node certificate needs at least one of them.',
    );
  }
  const files = authorityFiles(order.authorityDir);
  const authority = readCertificate(await readFile(files.certFile, 'utf8'));
  const now = Date.now();
  if (authority.validToDate.getTime() <= now) {
    throw new Problem(
      'certificate_invalid',
      `The cluster's authority expired on ${authority.validToDate.toISOString()}; it can issue nothing any more.`,
    );
  }
  await requestPublicKey(order.requestPem, order.signal);
  return signRequest({
    requestPem: order.requestPem,
    issuer: files,
    subject: `/CN=${order.commonName}`,
    extensions: nodeExtensions(order.dnsNames, order.ipAddresses),
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(Math.min(now + validDays(order.days) * dayMs, authority.validToDate.getTime())),
    ...(order.signal === undefined ? {} : { signal: order.signal }),
  });
}

function validDays(days: number): number {
  if (Number.isFinite(days) && days > 0 && days <= 36_500) return days;
  throw new Problem('certificate_invalid', `days: ${days} is not between 0 and 36500.`);
}
