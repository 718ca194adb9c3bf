import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret } from '../core/secret.ts';

const crockford = '0123456789abcdefghjkmnpqrstvwxyz';
const words = 8;

/** A new API key: eight random 32-bit words in Crockford's base 32, as Conjur makes them (no padding, so 49 to 56 letters). */
export function newApiKey(): Secret<string> {
  const bytes = randomBytes(words * 4);
  let key = '';
  for (let word = 0; word < words; word += 1) key += inBase32(bytes.readUInt32BE(word * 4));
  return new Secret(key);
}

/** Whether two secrets are the same, in a time that depends on the length of `given` alone. */
export function isSameSecret(given: Buffer, stored: Buffer): boolean {
  if (given.length !== stored.length) {
    timingSafeEqual(given, given);
    return false;
  }
  return timingSafeEqual(given, stored);
}

function inBase32(word: number): string {
  let rest = word;
  let digits = '';
  do {
    digits = crockford.charAt(rest % 32) + digits;
    rest = Math.floor(rest / 32);
  } while (rest > 0);
  return digits;
}
