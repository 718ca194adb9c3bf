import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { isIssuedBy, readCertificate } from './certificate.ts';

const dayMs = 86_400_000;
/** RFC 5280 section 4.2.1.12. */
const neededUsages = [
  { oid: '1.3.6.1.5.5.7.3.1', name: 'serverAuth' },
  { oid: '1.3.6.1.5.5.7.3.2', name: 'clientAuth' },
] as const;

export type CertificateFaultKind =
  | 'unreadable'
  | 'not yet valid'
  | 'expired'
  | 'expires soon'
  | 'wrong authority'
  | 'missing name'
  | 'missing usage'
  | 'wrong key';

export interface CertificateFault {
  readonly kind: CertificateFaultKind;
  /** Whether the certificate is of no use now; the others are warnings. */
  readonly fatal: boolean;
  /** What is wrong and the way out, for people. */
  readonly sentence: string;
}

export interface CertificateCheck {
  readonly pem: string;
  readonly caPem: string;
  /** Wall clock, milliseconds since 1970: certificates know no other time. */
  readonly nowMs: number;
  /** Warn when fewer days than this are left. */
  readonly warnDays: number;
  /** Host names and addresses that the certificate must be good for. */
  readonly names: readonly string[];
  /** Given, the certificate must belong to this private key. */
  readonly privateKeyPem?: string;
}

/** Everything that is wrong with a node's certificate, the worst first; empty when it is good. */
export function checkCertificate(check: CertificateCheck): readonly CertificateFault[] {
  let certificate: X509Certificate;
  let authority: X509Certificate;
  try {
    certificate = readCertificate(check.pem);
    authority = readCertificate(check.caPem);
  } catch {
    return [
      fatal(
        'unreadable',
        'The certificate, or that of the authority, is not readable PEM. Restore the file, or have the certificate issued anew.',
      ),
    ];
  }
  return [
    ...authorityFaults(certificate, authority, check.nowMs),
    ...keyFaults(certificate, check.privateKeyPem),
    ...dateFaults(certificate, check),
    ...nameFaults(certificate, check.names),
    ...usageFaults(certificate),
  ];
}

function authorityFaults(
  certificate: X509Certificate,
  authority: X509Certificate,
  nowMs: number,
): readonly CertificateFault[] {
  const faults: CertificateFault[] = [];
  if (!isIssuedBy(certificate, authority)) {
    faults.push(
      fatal(
        'wrong authority',
        "The certificate was not issued by this cluster's authority. Have it issued anew, or restore the right ca.crt.",
      ),
    );
  }
  if (authority.validToDate.getTime() <= nowMs) {
    faults.push(
      fatal(
        'expired',
        `The cluster's authority expired on ${authority.validToDate.toISOString()}. A new authority is needed.`,
      ),
    );
  }
  return faults;
}

function keyFaults(
  certificate: X509Certificate,
  privateKeyPem: string | undefined,
): readonly CertificateFault[] {
  if (privateKeyPem === undefined) return [];
  try {
    if (certificate.checkPrivateKey(createPrivateKey(privateKeyPem))) return [];
  } catch {
    // An unreadable key does not belong to it either; what it holds is not to be quoted.
  }
  return [
    fatal(
      'wrong key',
      'The certificate does not belong to the private key beside it. Restore the pair, or have a certificate issued for this key.',
    ),
  ];
}

function dateFaults(certificate: X509Certificate, check: CertificateCheck): readonly CertificateFault[] {
  const { validFromDate: from, validToDate: to } = certificate;
  if (from.getTime() > check.nowMs) {
    return [
      fatal(
        'not yet valid',
        `The certificate is valid from ${from.toISOString()} on. Is the clock of this machine right?`,
      ),
    ];
  }
  const leftMs = to.getTime() - check.nowMs;
  if (leftMs <= 0)
    return [fatal('expired', `The certificate expired on ${to.toISOString()}. Have it issued anew.`)];
  if (leftMs > check.warnDays * dayMs) return [];
  const sentence = `The certificate expires on ${to.toISOString()}, in ${Math.floor(leftMs / dayMs)} days. Have it issued anew before.`;
  return [{ kind: 'expires soon', fatal: false, sentence }];
}

function nameFaults(certificate: X509Certificate, names: readonly string[]): readonly CertificateFault[] {
  const isFor = (name: string): boolean =>
    (isIP(name) === 0 ? certificate.checkHost(name, { subject: 'never' }) : certificate.checkIP(name)) !==
    undefined;
  return names
    .filter((name) => !isFor(name))
    .map((name) =>
      fatal('missing name', `The certificate is not good for "${name}". Have it issued anew with this name.`),
    );
}

function usageFaults(certificate: X509Certificate): readonly CertificateFault[] {
  const usages = certificate.keyUsage ?? [];
  return neededUsages
    .filter(({ oid }) => !usages.includes(oid))
    .map(({ name }) =>
      fatal(
        'missing usage',
        `The certificate lacks the extended key usage ${name}; etcd and PostgreSQL need both serverAuth and clientAuth.`,
      ),
    );
}

function fatal(kind: CertificateFaultKind, sentence: string): CertificateFault {
  return { kind, fatal: true, sentence };
}
