/**
 * What is wrong with a key: null, or the end of a sentence. Consul answers paths with empty parts and dots by a page that says
 * "Moved Permanently", since they are cleaned before they are looked at.
 */
export function keyFault(key: string): string | null {
  const parts = key.replace(/^\/+|\/$/gu, '').split('/');
  if (parts.length === 1 && parts[0] === '') return 'is empty';
  if (parts.some((part) => part === '')) return 'has a part that is empty';
  if (parts.some((part) => part === '.' || part === '..')) return 'has a part of dots alone';
  return null;
}
