import { createPrivateKey, sign, verify, type X509Certificate } from 'node:crypto';
import { checkpointText, type Place, type Signature, type SignPlace } from '../core/audit/checkpoint.ts';
import { commonNameOf, isIssuedBy, readCertificate } from './certificate.ts';

/**
 * @param identity the node's certificate and key, PEM
 * @param wallClock milliseconds since 1970
 */
export function placeSigner(
  identity: { readonly cert: string; readonly key: string },
  wallClock: () => number,
): SignPlace {
  const key = createPrivateKey(identity.key);
  const certificate = readCertificate(identity.cert).toString();
  return (place) => {
    const signedAt = new Date(wallClock()).toISOString();
    const text = Buffer.from(checkpointText({ ...place, signedAt }));
    return { signedAt, signature: sign('sha256', text, key).toString('base64'), certificate };
  };
}

/** Who has signed this place, by the certificate that came with it and that the caller trusts; null: nobody has. */
export function signedBy(place: Place, { signedAt, signature, certificate }: Signature): string | null {
  try {
    const text = Buffer.from(checkpointText({ ...place, signedAt }));
    const read = readCertificate(certificate);
    const isSigned = verify('sha256', text, read.publicKey, Buffer.from(signature, 'base64'));
    return isSigned ? commonNameOf(read) || null : null;
  } catch {
    return null; // no certificate, or no signature
  }
}

/** The node of the cluster that has signed this place; null: none has. The dates of its certificate are not looked at. */
export function signerOf(place: Place, signature: Signature, authority: X509Certificate): string | null {
  try {
    if (!isIssuedBy(readCertificate(signature.certificate), authority)) return null;
  } catch {
    return null;
  }
  return signedBy(place, signature);
}
