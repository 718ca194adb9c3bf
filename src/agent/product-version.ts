import { readFileSync } from 'node:fs';

/** The version of this package, as its package.json says it (two levels up, from the sources and from `dist` alike). */
export function holdfastVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version }: { readonly version?: unknown } = JSON.parse(text);
  return typeof version === 'string' ? version : 'unknown';
}
