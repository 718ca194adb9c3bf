import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { Problem } from '../core/problem.ts';
import { assertP256 } from './node-key.ts';

/*
 * A sealed box: version (1 byte) | ephemeral public key (x, y: 64 bytes) | ciphertext | tag (16 bytes), base64url.
 *
 * Key and nonce of AES-256-GCM come from HKDF-SHA256 (RFC 5869) over the ECDH secret of a key pair made for this one box
 * and the recipient's key; the HKDF info binds both public keys, the additional data binds the context. Since no key is
 * used twice, the nonce may come from the same derivation.
 */
const version = 1;
const pointBytes = 64;
const tagBytes = 16;
const keyBytes = 32;
const nonceBytes = 12;
const headerBytes = 1 + pointBytes;
/** Boxes carry keys, not files. */
const maximalPlaintextBytes = 64 * 1024;
const algorithm = 'aes-256-gcm';

/**
 * Encrypts a small secret for the holder of a P-256 key.
 *
 * @param publicKeyPem a certificate, or a public key (that of a request: `requestPublicKey`)
 * @param context what the box is for (`data-key/<cluster>/<node>`); the same words are needed to open it
 * @returns base64url text
 * @throws Problem `certificate_invalid` for a key of another kind, `sealed_box_invalid` for too large a content
 */
export function seal(publicKeyPem: string, plaintext: Buffer, context: string): string {
  if (plaintext.length > maximalPlaintextBytes) {
    throw new Problem('sealed_box_invalid', `A sealed box takes at most ${maximalPlaintextBytes} bytes.`);
  }
  const recipient = readKey(() => createPublicKey(publicKeyPem));
  const ephemeral = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const point = pointOf(ephemeral.publicKey);
  const derived = deriveKey(ephemeral.privateKey, recipient, point, pointOf(recipient));
  try {
    const cipher = createCipheriv(algorithm, derived.subarray(0, keyBytes), derived.subarray(keyBytes), {
      authTagLength: tagBytes,
    });
    cipher.setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([Buffer.from([version]), point, sealed, cipher.getAuthTag()]).toString('base64url');
  } finally {
    derived.fill(0);
  }
}

/**
 * Opens a sealed box. The caller zeroes what it gets when it is done with it.
 *
 * @throws Problem `sealed_box_invalid` when the box was altered, is for another key, or for another context: which of
 * these is not told apart
 */
export function open(privateKeyPem: string | Buffer, sealed: string, context: string): Buffer {
  const box = Buffer.from(sealed, 'base64url');
  const wellFormed =
    box.length >= headerBytes + tagBytes &&
    box[0] === version &&
    box.length <= headerBytes + maximalPlaintextBytes + tagBytes;
  if (!wellFormed) throw new Problem('sealed_box_invalid', 'This is not a sealed box of a known version.');
  const holder = readKey(() => createPrivateKey(privateKeyPem));
  const point = box.subarray(1, headerBytes);
  let derived: Buffer | null = null;
  try {
    derived = deriveKey(holder, publicKeyAt(point), point, pointOf(createPublicKey(holder)));
    const decipher = createDecipheriv(algorithm, derived.subarray(0, keyBytes), derived.subarray(keyBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(box.subarray(-tagBytes));
    // GCM gives plaintext before it knows the tag: what came out of a forged box is wiped, not returned.
    const plaintext = decipher.update(box.subarray(headerBytes, -tagBytes));
    try {
      decipher.final();
    } catch (error) {
      plaintext.fill(0);
      throw error;
    }
    return plaintext;
  } catch {
    throw new Problem(
      'sealed_box_invalid',
      'The sealed box does not open: it was altered, or is for another key or purpose.',
    );
  } finally {
    derived?.fill(0);
  }
}

/** Key and nonce in one buffer; the shared secret behind them is wiped. */
function deriveKey(
  privateKey: KeyObject,
  publicKey: KeyObject,
  ephemeral: Buffer,
  recipient: Buffer,
): Buffer {
  const shared = diffieHellman({ privateKey, publicKey });
  try {
    const info = Buffer.concat([Buffer.from('holdfast sealed box 1'), ephemeral, recipient]);
    return Buffer.from(hkdfSync('sha256', shared, Buffer.alloc(0), info, keyBytes + nonceBytes));
  } finally {
    shared.fill(0);
  }
}

function readKey(read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    // The cause is left out: it may quote the input.
    throw new Problem('certificate_invalid', 'The key of the sealed box is not readable PEM.');
  }
  assertP256(key);
  return key;
}

function pointOf(publicKey: KeyObject): Buffer {
  const { x, y } = publicKey.export({ format: 'jwk' });
  if (x === undefined || y === undefined)
    throw new Problem('certificate_invalid', 'The key has no point on a curve.');
  return Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

/** Node refuses a point that is not on the curve. */
function publicKeyAt(point: Buffer): KeyObject {
  const [x, y] = [point.subarray(0, 32).toString('base64url'), point.subarray(32).toString('base64url')];
  return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } });
}
