import { type FullId, parseFullId } from '../../core/ids.ts';
import { readCidr } from '../../core/policy/cidr.ts';
import { Problem } from '../../core/problem.ts';
import { type BodyFields, textField, textsField } from '../http/body-fields.ts';
import { type Instant, isoInstant } from '../http/iso-instant.ts';

/** Tokens that one request makes at most. */
const countLimit = 1000;
/** Letters of a refused value that its refusal repeats at most. */
const shownLimit = 100;

/** The factory that tokens are asked of. @throws Problem `argument_invalid` */
export function factoryField(given: BodyFields): FullId {
  const text = textField(given, 'host_factory');
  if (text === null) throw new Problem('argument_invalid', 'host_factory');
  const id = parseFullId(text);
  if (id !== null) return id;
  throw new Problem('argument_invalid', `host_factory: "${shown(text)}" is not account:kind:identifier`);
}

export interface TokenFields {
  readonly expiresAt: Instant;
  readonly count: number;
  readonly cidr: readonly string[];
}

/**
 * What the tokens shall be like. The texts of the refusals are Conjur's.
 *
 * @throws Problem `argument_invalid`, `content_unprocessable`
 */
export function tokenFields(given: BodyFields, nowMs: number): TokenFields {
  const { expiration, count = null } = given;
  if (expiration === undefined || expiration === null) throw new Problem('argument_invalid', 'expiration');
  const wanted = count === null ? 1 : countOf(count);
  const expiresAt = typeof expiration === 'string' ? isoInstant(expiration) : null;
  if (expiresAt === null) {
    throw new Problem('argument_invalid', `Input is invalid ISO8601 datetime string: ${shown(expiration)}`);
  }
  if (expiresAt.ms <= nowMs) {
    const late = `Value for parameter expiration must be in the future: ${expiresAt.text}`;
    throw new Problem('argument_invalid', late);
  }
  const cidr = textsField(given, 'cidr').map((text) => {
    const reading = readCidr(text);
    if (reading.ok) return reading.cidr;
    throw new Problem('content_unprocessable', reading.message);
  });
  return { expiresAt, count: wanted, cidr };
}

function countOf(value: unknown): number {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '';
  const count = /^\+?\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count < 1)
    throw new Problem('argument_invalid', `Invalid value for parameter 'count': ${shown(value)}`);
  if (count <= countLimit) return count;
  throw new Problem('argument_invalid', `count: at most ${countLimit} tokens are made at a time`);
}

/** A list or an object is not shown: it may be nested too deeply to be written down. */
function shown(value: unknown): string {
  if (typeof value === 'string') {
    return value.length <= shownLimit ? value : `${value.slice(0, shownLimit)}…`;
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'a list or an object';
}
