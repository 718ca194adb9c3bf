import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import type { SecretBytes } from './source.ts';

/**
 * A text as the bytes of its UTF-8.
 *
 * @param what whose text it is, to begin a sentence
 * @throws Problem `source_unexpected` for half a surrogate pair, which JSON can carry and UTF-8 cannot
 */
export function textBytes(what: string, text: string): SecretBytes {
  if (!text.isWellFormed())
    throw new Problem(
      'source_unexpected',
      `${what}: the value is no Unicode text (half of a surrogate pair).`,
    );
  return new Secret(new TextEncoder().encode(text));
}
