import { plainField } from './plain.ts';
import type { Style } from './style.ts';

/** Names and values, one line each, the values under one another. */
export function renderFields(
  fields: readonly (readonly [string, unknown])[],
  style: Style,
): readonly string[] {
  const wide = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${style.faint(name.padEnd(wide))}  ${plainField(value)}`);
}
