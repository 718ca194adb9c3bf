import { X509Certificate } from 'node:crypto';
import { Problem } from '../core/problem.ts';

/** What people and programs ask of a certificate. */
export interface CertificateDescription {
  /** Empty when the certificate has none. */
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the certificate (DER), lower-case hex without colons. */
  readonly fingerprint: string;
  /** Whether the holder of this authority certificate signed this one. Dates are not looked at. */
  readonly issuerMatches: (caPem: string) => boolean;
}

/**
 * Reads a certificate; of a file with several, the first.
 *
 * @throws Problem `certificate_invalid`
 */
export function describeCertificate(pem: string): CertificateDescription {
  const certificate = readCertificate(pem);
  const names = alternativeNames(certificate.subjectAltName ?? '');
  return {
    commonName: commonNameOf(certificate),
    dnsNames: names.filter(({ kind }) => kind === 'DNS').map(({ value }) => value),
    ipAddresses: names.filter(({ kind }) => kind === 'IP Address').map(({ value }) => value),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    issuerMatches: (caPem) => isIssuedBy(certificate, readCertificate(caPem)),
  };
}

/** Empty when the certificate has none. */
export function commonNameOf({ subject }: X509Certificate): string {
  const line = subject?.split('\n').find((part) => part.startsWith('CN='));
  return line?.slice(3) ?? '';
}

/** @throws Problem `certificate_invalid` */
export function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Problem(
      'certificate_invalid',
      'This is not a readable certificate: a PEM block "CERTIFICATE" was expected.',
      {
        cause: error,
      },
    );
  }
}

export function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/**
 * The parts of Node's text form: `DNS:a.example, IP Address:10.0.0.1`. A value that could be mistaken for more than one
 * part is quoted there as a JSON string, and is read as one.
 */
function alternativeNames(text: string): readonly { readonly kind: string; readonly value: string }[] {
  const parts = text.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gu);
  return Array.from(parts, ([, kind = '', value = '']) => ({
    kind,
    value: value.startsWith('"') ? String(JSON.parse(value)) : value,
  }));
}
