import { jwtRefusals } from '../../../core/authn/jwt-refusals.ts';
import type { KeySource } from '../../../core/authn/jwt-settings.ts';
import type { AuthnRefusal } from '../../../core/authn/refusals.ts';
import { type FetchBounds, fetchJson } from './fetch-json.ts';
import { type Keys, readKeys } from './read-keys.ts';

/** The keys of a provider, and what it calls itself where it says so. */
export interface KeySet {
  readonly ok: true;
  readonly keys: Keys;
  /** Of a provider that was discovered; null of a bare set of keys. */
  readonly issuer: string | null;
}

const bounds: Omit<FetchBounds, 'caCert'> = { timeoutMs: 3000, limitBytes: 256 * 1024 };
const discoveryPath = '/.well-known/openid-configuration';

/** Gets the keys from where a service says that they are. */
export async function fetchKeys(source: KeySource): Promise<KeySet | AuthnRefusal> {
  switch (source.kind) {
    case 'public-keys':
      return givenKeys(source.text);
    case 'jwks-uri':
      return keysAt(source.uri, source.caCert, null);
    case 'provider-uri':
      return discoveredKeys(source.uri, source.caCert);
  }
}

/** Keys that stand in the configuration: `{"type":"jwks","value":{"keys":[…]}}`. */
function givenKeys(text: string): KeySet | AuthnRefusal {
  const document = parsed(text);
  if (!isObject(document)) return jwtRefusals.invalidPublicKeys('it is no JSON object');
  if (document['type'] !== 'jwks') return jwtRefusals.invalidPublicKeys("Type can't be anything but 'jwks'");
  const reading = readKeys(document['value']);
  if (!reading.ok) return jwtRefusals.invalidPublicKeys(`value: ${reading.why}`);
  return { ok: true, keys: reading.keys, issuer: null };
}

/** OpenID Connect Discovery 1.0, section 4: the document names the provider itself, and where its keys are. */
async function discoveredKeys(providerUri: string, caCert: string | null): Promise<KeySet | AuthnRefusal> {
  const base = providerUri.replace(/\/+$/, '');
  const url = httpUrl(`${base}${discoveryPath}`);
  if (url === null) return jwtRefusals.noDiscovery(shown(providerUri), 'it is no http or https URL', null);
  const fetched = await fetchJson(url, { ...bounds, caCert });
  if (!fetched.ok) return jwtRefusals.noDiscovery(shown(providerUri), fetched.why, fetched.late);
  const { issuer, jwks_uri: keysUri } = isObject(fetched.value) ? fetched.value : {};
  if (typeof issuer !== 'string' || typeof keysUri !== 'string') {
    return jwtRefusals.noDiscovery(shown(providerUri), 'it names no issuer or no jwks_uri', false);
  }
  if (issuer.replace(/\/+$/, '') !== base) {
    return jwtRefusals.noDiscovery(shown(providerUri), 'it calls itself by another issuer', false);
  }
  if (url.protocol === 'https:' && httpUrl(keysUri)?.protocol !== 'https:') {
    return jwtRefusals.noDiscovery(
      shown(providerUri),
      'its keys are not behind https, as it is itself',
      false,
    );
  }
  return keysAt(keysUri, caCert, issuer);
}

async function keysAt(
  uri: string,
  caCert: string | null,
  issuer: string | null,
): Promise<KeySet | AuthnRefusal> {
  const url = httpUrl(uri);
  if (url === null) return jwtRefusals.keysNotFetched(shown(uri), 'it is no http or https URL', null);
  const fetched = await fetchJson(url, { ...bounds, caCert });
  if (!fetched.ok) return jwtRefusals.keysNotFetched(shown(uri), fetched.why, fetched.late);
  const reading = readKeys(fetched.value);
  if (!reading.ok) return jwtRefusals.keysNotFetched(shown(uri), reading.why, false);
  return { ok: true, keys: reading.keys, issuer };
}

function httpUrl(text: string): URL | null {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url : null;
}

/** A URL as reports show it: without what may be secret in it. What is no URL is not shown. */
function shown(text: string): string {
  const url = httpUrl(text);
  return url === null ? '' : `${url.origin}${url.pathname}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
