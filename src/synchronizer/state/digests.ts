import { createHmac, randomBytes } from 'node:crypto';

/** A key for digests: without it, a digest says nothing about a value. */
export function newDigestKey(): Buffer {
  return randomBytes(32);
}

/**
 * 128 bits that tell two values of one variable apart. The name of the variable goes in, so that equal values of different
 * variables do not show.
 */
export function digestOf(key: Buffer, identifier: string, value: Uint8Array): string {
  return createHmac('sha256', key).update(`${identifier}\0`).update(value).digest('base64url').slice(0, 22);
}

/** Tells one key from another, and says nothing about it. */
export function keyPrintOf(key: Buffer): string {
  return createHmac('sha256', key).update('which key this is').digest('base64url').slice(0, 22);
}
