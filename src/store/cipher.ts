import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';
import { Problem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';

/**
 * The key that every value in the database is encrypted with: 256 bits. A key object, because the bytes would be made one
 * at every use, which costs five times the decryption itself; and because it lies outside the heap of JavaScript.
 */
export type DataKey = Secret<KeyObject>;

/** The data key of these 32 bytes, which are wiped. */
export function dataKeyOf(bytes: Buffer): DataKey {
  const key = new Secret(createSecretKey(bytes));
  bytes.fill(0);
  return key;
}

/** Conjur's blob: the letter G, the tag, the IV, the ciphertext. */
const marker = 0x47;
const tagBytes = 16;
const ivBytes = 12;
const headerBytes = 1 + tagBytes + ivBytes;

/**
 * AES-256-GCM with the id of what it belongs to as associated data, so that a blob moved to another row opens no more.
 *
 * @param boundTo the id: of the variable, of the role, of the signing key
 */
export function encrypt(key: DataKey, plaintext: Buffer, boundTo: string): Buffer {
  const iv = freshIv();
  const cipher = createCipheriv('aes-256-gcm', key.reveal(), iv);
  cipher.setAAD(Buffer.from(boundTo));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.of(marker), cipher.getAuthTag(), iv, ciphertext]);
}

/** Random bytes for the next IVs: asking for a few costs as much as asking for many. None is used twice. */
const ivPool = Buffer.alloc(ivBytes * 256);
let ivNext = ivPool.length;

function freshIv(): Buffer {
  if (ivNext === ivPool.length) {
    randomFillSync(ivPool);
    ivNext = 0;
  }
  ivNext += ivBytes;
  return Buffer.from(ivPool.subarray(ivNext - ivBytes, ivNext));
}

/**
 * The opposite of `encrypt`.
 *
 * @throws Problem `data_key_mismatch` when the key is another one, or the blob was changed or moved
 */
export function decrypt(key: DataKey, blob: Buffer, boundTo: string): Buffer {
  if (blob.length < headerBytes || blob[0] !== marker) throw mismatch();
  const tag = blob.subarray(1, 1 + tagBytes);
  const iv = blob.subarray(1 + tagBytes, headerBytes);
  const decipher = createDecipheriv('aes-256-gcm', key.reveal(), iv, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(boundTo));
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(blob.subarray(headerBytes));
  try {
    decipher.final(); // GCM has given all of it; what remains is whether the tag holds
    return plaintext;
  } catch {
    plaintext.fill(0);
    throw mismatch(); // OpenSSL's text says nothing more
  }
}

function mismatch(): Problem {
  return new Problem(
    'data_key_mismatch',
    'The data key of this node does not open a stored value: it is not the key the value was encrypted with.',
  );
}
