import { type FullId, splitFullId } from '../ids.ts';

/** What a certificate calls a host. */
export interface HostNames {
  readonly commonName: string;
  /** The last part of its id; null when that is no name that a certificate can hold. */
  readonly dnsName: string | null;
  readonly uri: string;
}

/** RFC 5280, ub-common-name. */
export const commonNameMax = 64;

const dnsPattern = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/;

/** The names of a host under a certificate authority of its account: those that Conjur gives. */
export function hostNames(host: FullId, service: string): HostNames {
  const { account, kind, identifier } = splitFullId(host);
  const leaf = identifier.slice(identifier.lastIndexOf('/') + 1);
  const path = [account, service, kind, identifier].map(inUri).join('/');
  return {
    commonName: `${account}:${service}:${kind}:${identifier}`,
    dnsName: dnsPattern.test(leaf) ? leaf : null,
    uri: `spiffe://conjur/${path}`,
  };
}

/** RFC 3986, 3.3, but for quotes and brackets, which mean something to openssl. */
function inUri(text: string): string {
  return text
    .split('/')
    .map((part) => encodeURIComponent(part).replaceAll(/['()*!]/g, hexOf))
    .join('/');
}

function hexOf(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
}
