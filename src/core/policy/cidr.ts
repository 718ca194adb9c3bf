/** An address range: `bits` long addresses whose first `prefix` bits equal those of `network`. */
interface Range {
  readonly bits: 32 | 128;
  readonly network: bigint;
  readonly prefix: number;
}

export type CidrReading =
  | { readonly ok: true; readonly cidr: string }
  | { readonly ok: false; readonly message: string };

/**
 * `text` (`10.0.0.0/8`, `10.0.0.1`, `2001:db8::/32`) in the form that PostgreSQL prints for `cidr`: always with its mask.
 * Bits right of the mask are refused with a hint, as are masks in dotted form.
 */
export function readCidr(text: string): CidrReading {
  const refused = `Invalid IP address or CIDR range '${text}'`;
  const range = parseRange(text);
  if (range === null) return { ok: false, message: refused };
  const network = masked(range);
  const cidr = `${printAddress(network, range.bits)}/${range.prefix}`;
  if (network === range.network) return { ok: true, cidr };
  return { ok: false, message: `${refused}: Value has bits set to right of mask. Did you mean '${cidr}'?` };
}

/** Whether `address` (IPv4 or IPv6 text; `::ffff:a.b.c.d` counts as IPv4) lies in `cidr`. Unreadable texts never match. */
export function cidrContains(cidr: string, address: string): boolean {
  const range = parseRange(cidr);
  const one = parseRange(address.replace(/^::ffff:(?=\d+\.)/i, ''));
  if (range === null || one === null || one.bits !== range.bits || one.prefix !== one.bits) return false;
  return masked({ ...range, network: one.network }) === masked(range);
}

function parseRange(text: string): Range | null {
  const [address = '', mask, ...rest] = text.split('/');
  const bits = address.includes(':') ? 128 : 32;
  const network = bits === 32 ? parseIpv4(address) : parseIpv6(address);
  if (network === null || rest.length > 0) return null;
  if (mask === undefined) return { bits, network, prefix: bits };
  if (!/^\d{1,3}$/.test(mask) || Number(mask) > bits) return null;
  return { bits, network, prefix: Number(mask) };
}

function masked(range: Range): bigint {
  const host = BigInt(range.bits - range.prefix);
  return (range.network >> host) << host;
}

function parseIpv4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    // A leading zero reads as octal in some programs and as decimal in others: nobody gets it.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [left, right] = halves.map((half) => parseGroups(half));
  if (left === null || left === undefined || right === null) return null;
  const missing = 8 - left.length - (right?.length ?? 0);
  if (right === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...left, ...Array.from({ length: missing }, () => 0), ...(right ?? [])];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** The 16-bit groups of one side of `::`; a dotted IPv4 tail counts as two. */
function parseGroups(half: string): number[] | null {
  if (half === '') return [];
  const groups: number[] = [];
  const parts = half.split(':');
  for (const [index, part] of parts.entries()) {
    const tail = index === parts.length - 1 && part.includes('.') ? parseIpv4(part) : null;
    if (tail !== null) groups.push(Number(tail >> 16n), Number(tail & 0xffffn));
    else if (/^[\da-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

function printAddress(value: bigint, bits: 32 | 128): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  return compressed(groups);
}

/** RFC 5952: the longest run of two or more zero groups, the first of equals, becomes `::`. */
function compressed(groups: readonly number[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.length < 2) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}
