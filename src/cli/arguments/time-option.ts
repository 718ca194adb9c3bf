import { Option } from 'commander';
import { duration } from './numbers.ts';

/** An option that is a span of time. Help shows its usual value as people write it. */
export function timeOption(
  flags: `--${string} <time>`,
  what: string,
  limits: { readonly leastMs: number; readonly mostMs: number; readonly usual: string },
): Option {
  const [field = flags] = flags.split(' ');
  const read = duration(field, limits.leastMs, limits.mostMs);
  return new Option(flags, what).argParser(read).default(read(limits.usual), limits.usual);
}
