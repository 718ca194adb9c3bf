/** What `package.json` asks for under `engines`. */
const oldest = { major: 22, minor: 18 };

/**
 * Why this Node cannot run Holdfast, or null. Asked before anything else: an older one fails later, with words that say nothing.
 *
 * @param version as `process.versions.node` has it
 */
export function unsupportedNode(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return null;
  return `Node ${oldest.major}.${oldest.minor} or newer is needed, and this is ${version}. In a checkout, "npm run" and node_modules/.bin/node bring the right one.`;
}
