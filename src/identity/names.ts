import { isIP } from 'node:net';
import { Problem } from '../core/problem.ts';

/** RFC 5280 upper bound of a common name (ub-common-name). */
const commonNamePattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/u;
const dnsLabelPattern = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/u;

/**
 * Names go into openssl's configuration text, so nothing passes here that could mean something there.
 *
 * @throws Problem `certificate_invalid`
 */
export function assertCommonName(field: string, name: string): void {
  if (commonNamePattern.test(name)) return;
  throw new Problem(
    'certificate_invalid',
    `${field}: "${printable(name)}" cannot stand in a certificate. Use 1 to 64 letters, digits, dots, hyphens or underscores, a letter or digit at both ends.`,
  );
}

/**
 * Refuses what is no host name (RFC 1123, no wildcards).
 *
 * @throws Problem `certificate_invalid`
 */
export function assertDnsName(name: string): void {
  if (name.length <= 253 && isIP(name) === 0 && name.split('.').every((label) => dnsLabelPattern.test(label)))
    return;
  throw new Problem(
    'certificate_invalid',
    `dnsNames: "${printable(name)}" is not a host name. Use labels of letters, digits and hyphens, parted by dots; addresses belong in ipAddresses.`,
  );
}

/** @throws Problem `certificate_invalid` when `address` is neither IPv4 nor IPv6 (a zone such as `%eth0` has no place in a certificate). */
export function assertIpAddress(address: string): void {
  if (isIP(address) !== 0 && !address.includes('%')) return;
  throw new Problem(
    'certificate_invalid',
    `ipAddresses: "${printable(address)}" is not an IPv4 or IPv6 address.`,
  );
}

function printable(text: string): string {
  return text.slice(0, 80).replaceAll(/[^\x20-\x7e]/gu, '?');
}
