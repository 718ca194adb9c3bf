import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { Problem } from '../core/problem.ts';
import { callFailed } from './peer-call.ts';

const connectMs = 5000;
/** Leaf, authority, and a little more. */
const longestChain = 5;

/** Where a node's agent listens. @throws Problem `config_invalid` */
export function agentUrl(text: string): URL {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (url !== null && url.protocol === 'https:' && url.hostname !== '' && url.pathname === '/') return url;
  throw new Problem(
    'config_invalid',
    `url: "${text.slice(0, 80)}" must be written as https://host:port, as "holdfast token create" printed it.`,
  );
}

export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/gu, '');
}

/**
 * The certificate of the cluster's authority, known by nothing but its fingerprint from the token: it is looked for in the
 * chain that the node presents. Nothing is sent on this connection; the next one is verified against exactly this
 * certificate.
 *
 * @param fingerprint SHA-256 of the certificate (DER), lower-case hex
 * @returns the authority's certificate, PEM
 * @throws Problem `peer_untrusted` when it is not in the chain; `peer_unreachable`
 */
export async function fetchAuthority(url: URL, fingerprint: string, signal: AbortSignal): Promise<string> {
  const host = hostOf(url);
  const socket = connect({
    host,
    port: Number(url.port || 443),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: false, // the pin below decides
    minVersion: 'TLSv1.2',
  });
  try {
    await secured(socket, url, signal);
    for (const certificate of chainOf(socket)) {
      const found = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
      if (found === fingerprint && certificate.ca) return certificate.toString();
    }
  } finally {
    socket.destroy();
  }
  throw new Problem(
    'peer_untrusted',
    `url: the node at ${url.host} does not belong to the cluster that made the token (its authority has another fingerprint). Nothing was sent to it. Check the URL, and whether the token is of this cluster.`,
  );
}

function secured(socket: TLSSocket, url: URL, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      socket.destroy();
      reject(callFailed(error, url));
    };
    socket.once('secureConnect', resolve);
    socket.on('error', fail);
    socket.once('close', () => fail(new Error('the connection was closed')));
    socket.setTimeout(connectMs, () => fail(new Error('no answer')));
    signal.addEventListener('abort', () => fail(new Error('interrupted')), { once: true });
  });
}

function* chainOf(socket: TLSSocket): Generator<X509Certificate> {
  let at = socket.getPeerX509Certificate();
  for (let depth = 0; at !== undefined && depth < longestChain; depth += 1) {
    yield at;
    const { issuerCertificate }: { readonly issuerCertificate?: X509Certificate | undefined } = at;
    if (issuerCertificate === at) return;
    at = issuerCertificate;
  }
}
