/**
 * Which mirrors the machine's own apt takes Debian from: pure, so that no host name need stand in this project.
 *
 * @typedef {object} Source one line of apt's sources, in either of its formats (sources.list(5))
 * @property {string} uri
 * @property {readonly string[]} suites
 * @property {readonly string[]} components
 * @property {string} signedBy empty when nothing is said
 */

/**
 * The mirrors that have this release of Debian, the most likely one first. Other vendors name their suites after
 * Debian's, too; those come last, and what they would offer is held against Debian's keys by whoever asks them.
 *
 * @param {readonly { name: string, text: string }[]} files sources.list and those of sources.list.d
 * @param {string} codename of the release that the machine runs
 * @returns {readonly string[]} URIs, each once
 */
export function debianMirrors(files, codename) {
  const sources = files.flatMap(({ name, text }) =>
    name.endsWith('.sources') ? readStanzas(text) : readLines(text),
  );
  const ofRelease = sources.filter(
    ({ suites, components }) => suites.includes(codename) && components.includes('main'),
  );
  const ranked = ofRelease
    .map(({ uri, signedBy }) => ({ uri, rank: likelihood(uri, signedBy) }))
    .sort((a, b) => b.rank - a.rank);
  return [...new Set(ranked.map(({ uri }) => uri))];
}

/**
 * @param {string} uri
 * @param {string} signedBy
 */
function likelihood(uri, signedBy) {
  return (signedBy.includes('debian-archive') ? 2 : 0) + (/\/debian\/?$/u.test(uri) ? 1 : 0);
}

/**
 * The one-line format: `deb [option=value …] uri suite component …`.
 *
 * @param {string} text
 * @returns {Source[]}
 */
function readLines(text) {
  const lines = text.matchAll(/^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#\n]*)/gmu);
  return Array.from(lines, ([, options = '', uri = '', suite = '', components = '']) => ({
    uri,
    suites: [suite],
    components: words(components),
    signedBy: /signed-by=(\S+)/u.exec(options)?.[1] ?? '',
  }));
}

/**
 * The deb822 format: stanzas of fields, whose values may go on in indented lines.
 *
 * @param {string} text
 * @returns {Source[]}
 */
function readStanzas(text) {
  const withoutComments = text.replaceAll(/^#.*\n?/gmu, '');
  return withoutComments.split(/\n\s*\n/u).flatMap((stanza) => {
    /** @param {string} name */
    const field = (name) => new RegExp(`^${name}:(.*(?:\n[ \t].*)*)`, 'imu').exec(stanza)?.[1]?.trim() ?? '';
    if (!words(field('Types')).includes('deb') || /^(?:no|false|off|0)$/iu.test(field('Enabled'))) return [];
    return words(field('URIs')).map((uri) => ({
      uri,
      suites: words(field('Suites')),
      components: words(field('Components')),
      signedBy: field('Signed-By'),
    }));
  });
}

/** @param {string} text */
function words(text) {
  return text.split(/\s+/u).filter((word) => word !== '');
}
