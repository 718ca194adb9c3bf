import { createPublicKey, type KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { Problem } from '../core/problem.ts';
import type { SystemUser } from '../runtime/run-as.ts';
import { createKeyFile } from './key-file.ts';
import { assertCommonName } from './names.ts';
import { printed, runOpenssl } from './openssl.ts';

/** openssl wants a section for the subject, even where the subject is given. */
const requestConfiguration = '[req]\ndistinguished_name = none\n[none]\n';

export interface RequestOptions {
  /** Where the private key is (or will be) kept. */
  readonly keyFile: string;
  /** The node's name. The issuer decides anyway; it stands in the request so that a person can read it. */
  readonly commonName: string;
  readonly signal?: AbortSignal;
}

/**
 * Makes the key of a node, 0600 and for `owner` where one is given, and a certificate request for it. The key stays in
 * its file; the request is public.
 *
 * @returns the request, PEM (PKCS #10, RFC 2986)
 * @throws Problem `directory_not_ours` when `keyFile` exists; `certificate_invalid` for a bad name
 */
export async function createKeyAndRequest(
  options: RequestOptions & { readonly owner?: SystemUser | null },
): Promise<string> {
  assertCommonName('commonName', options.commonName);
  await createKeyFile(options.keyFile, { owner: options.owner, signal: options.signal });
  return createRequest(options);
}

/** A certificate request for a key that exists: to renew a certificate, or to go on with a join that stopped half-way. */
export async function createRequest(options: RequestOptions): Promise<string> {
  assertCommonName('commonName', options.commonName);
  const keyFile = resolve(options.keyFile);
  const subject = `/CN=${options.commonName}`;
  return runOpenssl({
    purpose: `make a certificate request with ${keyFile}`,
    files: { 'request.cnf': requestConfiguration },
    argv: ['req', '-new', '-sha256', '-config', 'request.cnf', '-key', keyFile, '-subj', subject],
    proof: printed('CERTIFICATE REQUEST'),
    signal: options.signal,
  });
}

/**
 * The public key of a request, after openssl has checked the request's own signature: whoever sent it holds the private
 * key. Only P-256 keys pass, since secrets are sealed to them (see sealed-box.ts).
 *
 * @returns SubjectPublicKeyInfo, PEM
 * @throws Problem `certificate_invalid`
 */
export async function requestPublicKey(requestPem: string, signal?: AbortSignal): Promise<string> {
  const pem = await runOpenssl({
    purpose: 'verify the certificate request',
    files: { 'request.pem': requestPem, 'request.cnf': requestConfiguration },
    argv: ['req', '-config', 'request.cnf', '-in', 'request.pem', '-verify', '-noout', '-pubkey'],
    proof: ({ stderr }) => /verify OK$/mu.test(stderr),
    signal,
  });
  assertP256(createPublicKey(pem));
  return pem;
}

/** @throws Problem `certificate_invalid` for any key that is not on curve P-256 */
export function assertP256(key: KeyObject): void {
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return;
  throw new Problem(
    'certificate_invalid',
    'The key is not an elliptic-curve key on P-256, the only kind that a cluster uses.',
  );
}
