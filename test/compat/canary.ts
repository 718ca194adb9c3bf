/** Something in which no secret may stand in clear. */
export interface Haystack {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Where secrets stand in clear: as they are, in hex (as `pg_dump` writes bytes), in base64 of either alphabet wherever in a
 * longer text they begin, or percent-encoded.
 *
 * @returns a sentence for each that was found; it does not say the secret
 */
export function secretsIn(
  haystacks: readonly Haystack[],
  secrets: Iterable<string | Buffer>,
): readonly string[] {
  const needles = [...secrets].filter((secret) => secret.length > 0).flatMap(formsOf);
  return haystacks.flatMap(({ name, bytes }) => {
    const text = bytes.toString('latin1');
    return needles
      .filter(({ needle }) => text.includes(needle))
      .map(({ form, needle }) => `${name} holds a secret in clear (${form}, ${needle.slice(0, 4)}…)`);
  });
}

interface Needle {
  readonly form: string;
  readonly needle: string;
}

function formsOf(secret: string | Buffer): readonly Needle[] {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : secret;
  const hex = bytes.toString('hex');
  return [
    { form: 'as it is', needle: bytes.toString('latin1') },
    { form: 'hex', needle: hex },
    { form: 'hex', needle: hex.toUpperCase() },
    { form: 'percent', needle: encodeURIComponent(bytes.toString()) },
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
  ];
}

/** The letters that `bytes` become when `offset` others (modulo three) stand before them: those at the ends depend on the rest. */
function base64At(bytes: Buffer, offset: number): readonly Needle[] {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes]);
  const first = offset === 0 ? 0 : offset + 1;
  const last = Math.floor((whole.length * 8) / 6);
  const cut = (encoded: string): string => encoded.slice(first, last);
  return [
    { form: 'base64', needle: cut(whole.toString('base64')) },
    { form: 'base64url', needle: cut(whole.toString('base64url')) },
  ];
}
