/**
 * Writes `docs/api-settings.md` from the settings themselves.
 *
 * Usage: node scripts/api-settings-doc.ts
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { apiSettingDocs } from '../src/core/api-settings-read.ts';

export const apiSettingsDocPath: string = fileURLToPath(new URL('../docs/api-settings.md', import.meta.url));

const introduction = `# Settings of the API

<!-- Written by scripts/api-settings-doc.ts from src/core/api-settings-read.ts: edit that, then run it. -->

A node takes these from the environment of \`holdfast node\` when it starts (with systemd: \`systemctl edit holdfast\`). The
names that begin with CONJUR are Conjur's own. Set the same on every node: any of them may be the next master. What is wrong is told at the start, all of
it at once, and the node does not run.

| variable | default | what it sets |
|---|---|---|
`;

/** The page as it should be. */
export function apiSettingsDoc(): string {
  const rows = apiSettingDocs.map(({ name, fallback, about }) => `| \`${name}\` | ${fallback} | ${about} |`);
  return `${introduction}${rows.join('\n')}\n`;
}

if (import.meta.main) writeFileSync(apiSettingsDocPath, apiSettingsDoc());
