import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { Problem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';
import { runCommand } from '../runtime/run-command.ts';
import { readCertificate } from './certificate.ts';
import { hostExtensions, signRequest } from './sign-request.ts';

/** A certificate authority of an account: certificate and key as they were stored. */
export interface HostAuthority {
  /** PEM; the first certificate of it signs. */
  readonly chainPem: string;
  readonly keyPem: Secret<Buffer>;
  /** Null: the key is not encrypted. */
  readonly keyPassword: Secret<Buffer> | null;
}

/** What goes into the certificate of a host. */
export interface HostCertificateOrder {
  readonly requestPem: string;
  readonly authority: HostAuthority;
  /** At most 64 letters (RFC 5280, ub-common-name). */
  readonly commonName: string;
  /** A host name; null: it has none. */
  readonly dnsName: string | null;
  readonly uri: string;
  /** How long it is to be good, seconds; cut down to what is left of the authority's own validity. */
  readonly ttlSeconds: number;
}

const verifyTimeoutMs = 10_000;

/** What a certificate request is worth: whether its own signature proves that the sender holds the key. */
export async function judgeRequest(requestPem: string): Promise<'good' | 'forged' | 'unreadable'> {
  const { stderr } = await runCommand(['openssl', 'req', '-verify', '-noout', '-config', '/dev/null'], {
    timeoutMs: verifyTimeoutMs,
    env: { OPENSSL_CONF: '/dev/null' },
    input: requestPem,
  });
  if (/verify OK/.test(stderr)) return 'good';
  return /verify failure/.test(stderr) ? 'forged' : 'unreadable';
}

/**
 * Issues the certificate of a host. Of the request only the public key is taken. The authority's key goes to openssl
 * through a pipe.
 *
 * @returns the certificate, PEM
 * @throws Problem `certificate_invalid` when the authority's key or certificate is unfit, or it has expired
 */
export async function issueHostCertificate(order: HostCertificateOrder): Promise<string> {
  const authority = readCertificate(order.authority.chainPem);
  const key = readKey(order.authority);
  if (!authority.checkPrivateKey(key)) {
    throw unfit('its key does not belong to its certificate');
  }
  const now = Date.now();
  if (authority.validToDate.getTime() <= now) throw unfit('its certificate has expired');
  const names = [...(order.dnsName === null ? [] : [`DNS:${order.dnsName}`]), `URI:${order.uri}`];
  const pem = await signRequest({
    requestPem: order.requestPem,
    issuer: {
      keyPem: new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString()),
      certPem: pemOf(authority),
    },
    subject: `/CN=${order.commonName.replaceAll(/[\\/+=]/g, String.raw`\$&`)}`,
    extensions: hostExtensions(names),
    notBefore: new Date(now),
    notAfter: new Date(Math.min(now + order.ttlSeconds * 1000, authority.validToDate.getTime())),
  });
  return pem.slice(pem.indexOf('-----BEGIN'));
}

function readKey({ keyPem, keyPassword }: HostAuthority): KeyObject {
  const passphrase = keyPassword === null ? {} : { passphrase: keyPassword.reveal() };
  try {
    return createPrivateKey({ key: keyPem.reveal(), ...passphrase });
  } catch {
    throw unfit('its private key cannot be read'); // the reason may quote the key
  }
}

function pemOf(certificate: X509Certificate): string {
  return certificate.toString();
}

function unfit(why: string): Problem {
  return new Problem('certificate_invalid', `The certificate authority cannot sign: ${why}.`);
}
