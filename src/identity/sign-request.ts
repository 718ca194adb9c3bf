import type { Secret } from '../core/secret.ts';
import { printed, runOpenssl } from './openssl.ts';

/** A certificate that signs node certificates and nothing below them. */
export const authorityExtensions: readonly string[] = [
  'basicConstraints = critical, CA:TRUE, pathlen:0',
  'keyUsage = critical, keyCertSign, cRLSign',
  'subjectKeyIdentifier = hash',
];

/** A certificate for a host that a certificate authority of an account signs: what Conjur puts into it. */
export function hostExtensions(alternativeNames: readonly string[]): readonly string[] {
  return [
    'basicConstraints = CA:FALSE',
    'keyUsage = keyEncipherment, dataEncipherment, digitalSignature',
    'subjectKeyIdentifier = hash',
    'authorityKeyIdentifier = keyid',
    `subjectAltName = ${alternativeNames.join(', ')}`,
  ];
}

/** A certificate for both ends of a TLS connection, under exactly these names. */
export function nodeExtensions(
  dnsNames: readonly string[],
  ipAddresses: readonly string[],
): readonly string[] {
  const names = [...dnsNames.map((name) => `DNS:${name}`), ...ipAddresses.map((address) => `IP:${address}`)];
  return [
    'basicConstraints = critical, CA:FALSE',
    'keyUsage = critical, digitalSignature',
    'extendedKeyUsage = serverAuth, clientAuth',
    'subjectKeyIdentifier = hash',
    'authorityKeyIdentifier = keyid:always',
    `subjectAltName = ${names.join(', ')}`,
  ];
}

export interface SigningTask {
  readonly requestPem: string;
  /** `certFile` null: the request is signed by its own key (the root). A key that lies in no file stays out of files. */
  readonly issuer:
    | { readonly keyFile: string; readonly certFile: string | null }
    | { readonly keyPem: Secret<string>; readonly certPem: string };
  /** In openssl's `/CN=name` form, from checked or escaped names only. */
  readonly subject: string;
  readonly extensions: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly signal?: AbortSignal;
}

/**
 * Signs a request with `openssl ca`, the one command of OpenSSL 3.0 that lets the issuer set both dates. Its database
 * is a throw-away: a cluster's certificates are known by its members, and serials are random (159 bits), not counted.
 * openssl refuses a request whose own signature is wrong.
 *
 * @returns the certificate, PEM
 */
export async function signRequest(task: SigningTask): Promise<string> {
  const issuer = asArguments(task.issuer);
  const dates = ['-startdate', asn1Time(task.notBefore), '-enddate', asn1Time(task.notAfter)];
  const fixed = [
    'ca',
    '-batch',
    '-notext',
    '-utf8',
    '-rand_serial',
    '-config',
    'ca.cnf',
    '-in',
    'request.pem',
  ];
  const files = { 'request.pem': task.requestPem, 'ca.cnf': configuration(task.extensions), 'index.txt': '' };
  return runOpenssl({
    purpose: 'sign the certificate request',
    files: { ...files, ...issuer.files },
    secretInput: issuer.secretInput,
    argv: [...fixed, '-subj', task.subject, ...issuer.argv, ...dates],
    proof: printed('CERTIFICATE'),
    signal: task.signal,
  });
}

function asArguments(issuer: SigningTask['issuer']): {
  readonly argv: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly secretInput?: Secret<string>;
} {
  if ('keyPem' in issuer) {
    const argv = ['-keyfile', '/dev/stdin', '-cert', 'authority.pem'];
    return { argv, files: { 'authority.pem': issuer.certPem }, secretInput: issuer.keyPem };
  }
  const { keyFile, certFile } = issuer;
  const by = certFile === null ? ['-selfsign'] : ['-cert', certFile];
  return { argv: [...by, '-keyfile', keyFile], files: {} };
}

function configuration(extensions: readonly string[]): string {
  return [
    '[ca]',
    'default_ca = cluster',
    '[cluster]',
    'database = index.txt',
    'serial = serial.txt', // asked for even where -rand_serial chooses
    'new_certs_dir = .',
    'default_md = sha256',
    'policy = names',
    'x509_extensions = extensions',
    'copy_extensions = none',
    'unique_subject = no',
    '[names]',
    'organizationName = optional',
    'commonName = supplied',
    '[extensions]',
    ...extensions,
    '',
  ].join('\n');
}

/** GeneralizedTime as openssl reads it: 20260131235959Z. */
function asn1Time(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/gu, '')}Z`;
}
