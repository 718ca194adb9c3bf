import { isUtf8 } from 'node:buffer';
import { readPolicy } from '../../core/policy/read.ts';
import type { Statement } from '../../core/policy/types.ts';
import { PolicyRefused } from '../answers/refusals.ts';

/** A body as a policy text. */
export interface PolicyText {
  readonly text: string;
  readonly statements: readonly Statement[];
}

/**
 * The statements in a body.
 *
 * @throws PolicyRefused that names the place
 */
export function readPolicyText(bytes: Uint8Array): PolicyText {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(body)) throw notUtf8(body);
  const text = body.toString();
  if (text.trim() === '') throw new PolicyRefused('validation_failed', 'policy_text is not present');
  const reading = readPolicy(text);
  if (reading.ok) return { text, statements: reading.statements };
  const { line, column, message } = reading.fault;
  throw new PolicyRefused('policy_invalid', message, { line, column });
}

/** What was not UTF-8 comes back different. */
function notUtf8(body: Buffer): PolicyRefused {
  const back = Buffer.from(body.toString());
  let offset = 0;
  while (offset < body.length && body[offset] === back[offset]) offset += 1;
  const before = body.subarray(0, offset).toString().split('\n');
  const at = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  return new PolicyRefused('policy_invalid', 'The text is not UTF-8 from here on', at);
}
