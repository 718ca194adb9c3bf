import { hostname } from 'node:os';
import type { ElectionSettings } from '../election/settings.ts';
import type { Fields } from './fields.ts';

const secondMs = 1000;

/** All synchronizers of a target must have the same lease: each judges the others' by its own. */
const lease = { leastMs: 10 * secondMs, mostMs: 600 * secondMs, usualMs: 30 * secondMs };

/** The block `election`. Its name alone, with nothing below, is one: who wrote it wants no second writer. */
export function readElection(fields: Fields): ElectionSettings {
  const name = fields.text('name', hostname());
  if (name.length > 200 || /[\p{Cc}\p{Cf}]/u.test(name))
    fields.fault('name', 'must have at most 200 characters, and no control characters.');
  const settings: ElectionSettings = {
    protocol: fields.oneOf('protocol', ['fenced', 'published'], 'fenced'),
    leaseMs: fields.duration('lease', lease.leastMs, lease.mostMs, lease.usualMs),
    name,
  };
  fields.end();
  return settings;
}
