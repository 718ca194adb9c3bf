import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { readCertificate } from './certificate.ts';

const dayMs = 86_400_000;
/** RFC 5280 section 4.2.1.12. */
const clientAuth = '1.3.6.1.5.5.7.3.2';

/** Which of the three files a fault is in. */
export type ClientFile = 'ca' | 'cert' | 'key';

export interface ClientCertificateFault {
  readonly file: ClientFile;
  /** Whether the files are of no use now; the others are warnings. */
  readonly fatal: boolean;
  /** What is wrong, as the end of a sentence that begins with the file's name. */
  readonly what: string;
}

export interface ClientCertificateCheck {
  /** One or more certificates of the authorities that the server's certificate may come from. */
  readonly caPem: string;
  /** The client's certificate; those of authorities between may follow. */
  readonly certPem: string;
  readonly keyPem: string;
  /** Wall clock, milliseconds since 1970: certificates know no other time. */
  readonly nowMs: number;
  /** Warn when fewer days than this are left. */
  readonly warnDays: number;
}

/**
 * Everything that is wrong with what a client of somebody else's TLS server was given; empty when it is good. Who issued the
 * certificate is not looked at: the server may trust another authority for clients than the one that it has its own from.
 */
export function checkClientCertificate(check: ClientCertificateCheck): readonly ClientCertificateFault[] {
  const ca = certificateOf(check.caPem);
  const cert = certificateOf(check.certPem);
  return [
    ...(ca === null ? [unreadable('ca')] : dateFaults('ca', ca, check)),
    ...(cert === null ? [unreadable('cert')] : certificateFaults(cert, check)),
    ...keyFaults(cert, check.keyPem),
  ];
}

function certificateFaults(
  cert: X509Certificate,
  check: ClientCertificateCheck,
): readonly ClientCertificateFault[] {
  const { keyUsage } = cert; // absent: good for everything
  const may = keyUsage === undefined || keyUsage.includes(clientAuth);
  const usage = fatal('cert', 'lacks the extended key usage clientAuth, so no server takes it from a client');
  return [...dateFaults('cert', cert, check), ...(may ? [] : [usage])];
}

function dateFaults(
  file: ClientFile,
  { validFromDate: from, validToDate: to }: X509Certificate,
  { nowMs, warnDays }: ClientCertificateCheck,
): readonly ClientCertificateFault[] {
  const leftMs = to.getTime() - nowMs;
  if (leftMs <= 0) return [fatal(file, `expired on ${to.toISOString()}`)];
  if (from.getTime() > nowMs) {
    return [fatal(file, `is valid only from ${from.toISOString()} on (is the clock of this machine right?)`)];
  }
  if (leftMs > warnDays * dayMs) return [];
  const what = `expires on ${to.toISOString()}, in ${Math.floor(leftMs / dayMs)} days`;
  return [{ file, fatal: false, what }];
}

function keyFaults(cert: X509Certificate | null, keyPem: string): readonly ClientCertificateFault[] {
  let key: KeyObject;
  try {
    key = createPrivateKey(keyPem);
  } catch {
    // What the file holds is not to be quoted.
    return [fatal('key', 'holds no private key that can be read: PEM without a passphrase is needed')];
  }
  if (cert === null || cert.checkPrivateKey(key)) return [];
  return [fatal('key', 'is not the private key of the certificate')];
}

function certificateOf(pem: string): X509Certificate | null {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) return null; // DER would be read as well
  try {
    return readCertificate(pem);
  } catch {
    return null;
  }
}

function unreadable(file: ClientFile): ClientCertificateFault {
  return fatal(file, 'holds no certificate that can be read: a PEM block "CERTIFICATE" is needed');
}

function fatal(file: ClientFile, what: string): ClientCertificateFault {
  return { file, fatal: true, what };
}
