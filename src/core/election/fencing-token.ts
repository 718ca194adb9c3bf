import { Problem } from '../problem.ts';

/** Digits of the largest unsigned 64-bit number: what an index or a revision can have. */
const width = 20;
const shape = /^\d{40}$/u;

/**
 * The fencing token of one leadership: whoever guards a resource keeps the largest token it has seen and refuses smaller
 * ones. Two numbers, each written with all its digits, so that comparing the texts compares the ages.
 *
 * The lock's own count comes second, since it begins anew when the lock is deleted and made again; when it was made never
 * repeats. In Consul these are `CreateIndex` and `LockIndex` of the key (https://developer.hashicorp.com/consul/api-docs/kv).
 *
 * @throws Problem `argument_invalid` for what is no count
 */
export function fencingToken(createdAt: number, lockedTimes: number): string {
  return `${digits(createdAt)}${digits(lockedTimes)}`;
}

/** Whether `text` has the form of a token, as a guard of a resource should ask before it compares. */
export function isFencingToken(text: string): boolean {
  return shape.test(text);
}

function digits(count: number): string {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new Problem(
      'argument_invalid',
      `fencing token: ${count} is not a count. The store answered nonsense.`,
    );
  }
  return String(count).padStart(width, '0');
}
