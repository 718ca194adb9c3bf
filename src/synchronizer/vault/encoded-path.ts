/** The parts of a path, each encoded; the slashes between them stay. */
export function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
