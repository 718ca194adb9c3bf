import type { IncomingMessage } from 'node:http';
import { Problem } from '../core/problem.ts';

/** @throws Problem `body_too_large` as soon as there are more bytes than `limitBytes` */
export async function readBody(message: IncomingMessage, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not destroyed when it is too long: a refusal still goes out on the same connection.
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    const part: unknown = chunk;
    if (!Buffer.isBuffer(part)) throw new Problem('request_malformed', 'The body is not bytes.');
    bytes += part.length;
    if (bytes > limitBytes)
      throw new Problem('body_too_large', `A body takes at most ${limitBytes} bytes here.`);
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString();
}

/** Answers whether an address may try once more: `burst` attempts at once, then one every `everyMs`. */
export function attemptLimiter(options: {
  readonly burst: number;
  readonly everyMs: number;
  /** Addresses that are remembered; the oldest is forgotten first. */
  readonly remember: number;
}): (address: string) => boolean {
  const buckets = new Map<string, { readonly left: number; readonly at: number }>();
  return (address) => {
    const now = performance.now();
    const known = buckets.get(address) ?? { left: options.burst, at: now };
    const left = Math.min(options.burst, known.left + (now - known.at) / options.everyMs);
    buckets.delete(address);
    buckets.set(address, { left: left < 1 ? left : left - 1, at: now });
    const [oldest] = buckets.keys();
    if (buckets.size > options.remember && oldest !== undefined) buckets.delete(oldest);
    return left >= 1;
  };
}
