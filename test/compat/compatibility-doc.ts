import { fileURLToPath } from 'node:url';
import type { Route } from '../../src/server/http/route.ts';
import { pathAbout } from '../../src/server/openapi/path-parts.ts';
import type { CaseFile } from './read-cases.ts';
import type { Hit } from './run-file.ts';

export const compatibilityDocPath: string = fileURLToPath(
  new URL('../../docs/compatibility.md', import.meta.url),
);

/** In a cell; the case itself names its own. */
const sourcesShown = 3;

const introduction = `# Compatibility with Conjur

<!-- Written by scripts/compatibility-doc.ts from a run of the suite: change the cases in test/compat/cases, then run it. -->

Every route that this server answers, the cases of the compatibility suite that hold it to what Conjur does, and where
those expectations come from. A cell names files of [test/compat/cases](../test/compat/cases), and how many of their cases
reach the route; [how a case is written](../test/compat/README.md). Each runs in process and over HTTPS with every
\`npm test\`. HEAD is answered wherever GET is.
`;

/** The text of \`docs/compatibility.md\`. @throws Error when a route has no case */
export function compatibilityDoc(
  routes: readonly Route[],
  files: readonly CaseFile[],
  hits: readonly Hit[],
): string {
  const rows = routes
    .map((route) => ({ route, path: pathAbout(route.url, route.about).template }))
    .sort((a, b) => compare(a.path, b.path) || compare(a.route.method, b.route.method))
    .map(({ route, path }) => {
      const own = hits.filter((hit) => hit.route === `${route.method} ${route.url}`);
      if (own.length === 0) throw new Error(`no case reaches ${route.method} ${route.url}`);
      return `| \`${route.method} ${path}\` | ${casesCell(own)} | ${sourcesCell(own)} |`;
    });
  const cases = files.flatMap((file) => file.cases);
  const pending = files.flatMap((file) =>
    file.cases.flatMap(({ name, pending: reason }) =>
      reason === null ? [] : [`- ${file.topic}: ${name} (${reason})`],
    ),
  );
  return [
    introduction,
    `${cases.length} cases in ${files.length} files; ${rows.length} routes.\n`,
    '| route | cases | source |\n|---|---|---|',
    `${rows.join('\n')}\n`,
    '## What is not as Conjur does it yet\n',
    `${pending.length === 0 ? 'Nothing that a case knows of.' : pending.join('\n')}\n`,
  ].join('\n');
}

function casesCell(hits: readonly Hit[]): string {
  const files = [...new Set(hits.map(({ file }) => file))].sort();
  return files.map((file) => `${file} ${hits.filter((hit) => hit.file === file).length}`).join(', ');
}

/** The sources that most cases have. */
function sourcesCell(hits: readonly Hit[]): string {
  const sources = [...new Set(hits.map(({ source }) => source))];
  const count = (source: string): number => hits.filter((hit) => hit.source === source).length;
  const byUse = sources.sort((a, b) => count(b) - count(a) || compare(a, b));
  const more = byUse.length > sourcesShown ? [`and ${byUse.length - sourcesShown} more`] : [];
  return [...byUse.slice(0, sourcesShown), ...more].join('; ').replaceAll('|', '\\|');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
