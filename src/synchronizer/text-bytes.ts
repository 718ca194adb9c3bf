import { Secret } from '../core/secret.ts';
import type { SecretBytes } from './source.ts';

/** A text as the bytes of its UTF-8. */
export function textBytes(text: string): SecretBytes {
  return new Secret(new TextEncoder().encode(text));
}
