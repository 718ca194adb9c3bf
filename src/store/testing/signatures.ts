import { checkpointText, type JudgeSignature, type SignPlace } from '../../core/audit/checkpoint.ts';
import { sha256 } from '../audit-chain.ts';

/** Signatures without keys: the digest of the words, by a signer whose "certificate" is its name. */
export const signOfTests: SignPlace = (place) => {
  const signedAt = '2026-01-02T03:04:05.678Z';
  return { signedAt, signature: signatureOf({ ...place, signedAt }), certificate: 'keeper' };
};

export const judgeOfTests: JudgeSignature = (place, { signedAt, signature, certificate }) =>
  signature === signatureOf({ ...place, signedAt }) ? certificate : null;

function signatureOf(place: Parameters<typeof checkpointText>[0]): string {
  return Buffer.from(sha256(checkpointText(place)), 'hex').toString('base64');
}
