import { randomBytes } from 'node:crypto';

/** So many hexadecimal digits, by chance. */
export function randomDigits(count: number): string {
  return randomBytes(Math.ceil(count / 2))
    .toString('hex')
    .slice(0, count);
}
