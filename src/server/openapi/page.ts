import { hash } from 'node:crypto';
import type { ApiDocument, Operation, Parameter, Response } from './document.ts';
import { Html, html, prose } from './html.ts';
import { style } from './page-style.ts';
import { schemaText } from './schema-text.ts';
import type { JsonSchema } from '../http/route-about.ts';

/** A page and the Content-Security-Policy that it needs. */
export interface Page {
  readonly body: string;
  readonly policy: string;
}

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The document for people: one page of HTML, without scripts and without anything from elsewhere. */
export function documentPage(document: ApiDocument): Page {
  const entries = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );
  const chapters = document.tags.map(({ name }) => ({
    name,
    entries: entries.filter(({ operation }) => operation.tags.includes(name)),
  }));
  const { title, version, description } = document.info;
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} API</title>
<style>${trusted}</style>
</head>
<body>
<header>
<h1>${title} API <small>${version}</small></h1>
${description.split('\n\n').map((text) => html`<p>${prose(text)}</p>`)}
<p><a href="/openapi.json">openapi.json</a> · ${entries.length} operations</p>
</header>
<nav aria-label="Chapters"><ul>
${chapters.map(({ name, entries: { length } }) => html`<li><a href="#${slug(name)}">${name}</a> <small>${length}</small></li>`)}
</ul></nav>
<main>
${chapters.map((chapter) => chapterPart(chapter.name, chapter.entries))}
<section id="access"><h2>Access</h2><dl>
${Object.entries(document.components.securitySchemes).map(
  ([name, scheme]) => html`<dt>${name}</dt><dd>${prose(scheme.description)}</dd>`,
)}
</dl></section>
<section id="schemas"><h2>Schemas</h2>
${Object.entries(document.components.schemas).map(
  ([name, schema]) => html`<h3 id="schema-${name}">${name}</h3><pre>${schemaText(schema)}</pre>`,
)}
</section>
</main>
</body>
</html>
`;
  const allowed = `'sha256-${hash('sha256', style, 'base64')}'`;
  const policy = `default-src 'none'; style-src ${allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return { body: page.text, policy };
}

/** The one piece that is not escaped: its hash stands in the policy. */
const trusted: Html = new Html(style);

function chapterPart(name: string, entries: readonly Entry[]): Html {
  return html`<section id="${slug(name)}"><h2>${name}</h2>
${entries.map(operationPart)}
</section>
`;
}

function operationPart({ method, path, operation }: Entry): Html {
  const { operationId, summary, security, parameters, requestBody, responses } = operation;
  return html`<details id="${operationId}">
<summary><b class="${method}">${method.toUpperCase()}</b> <code>${pathPart(path)}</code> <span>${prose(summary)}</span></summary>
<p class="access">${accessText(security)} · <a href="#${operationId}">link</a></p>
${parametersPart(parameters)}
${requestBody === undefined ? html`` : html`<h4>Body</h4><p>${prose(requestBody.description)}</p>${contentPart(requestBody.content)}`}
<h4>Answers</h4>
<table><tbody>${Object.entries(responses).map(([status, response]) => answerRow(status, response))}</tbody></table>
</details>
`;
}

/** Breaks between the parts of a path, so that a narrow screen can show it. */
function pathPart(path: string): Html {
  return html`${path
    .split('/')
    .slice(1)
    .map((part) => html`<wbr>/${part}`)}`;
}

function accessText(security: Operation['security']): string {
  const ways = security.map((way) => Object.keys(way)[0] ?? 'nothing');
  return ways.length === 0 ? 'Open to anybody' : `Needs ${ways.join(' or ')}`;
}

function parametersPart(parameters: readonly Parameter[]): Html {
  if (parameters.length === 0) return html``;
  return html`<h4>Parameters</h4>
<table><tbody>${parameters.map(
    ({ name, in: place, required, description, schema }) => html`<tr>
<th scope="row"><code>${name}</code> <small>${place}${required === true ? '' : ', optional'}</small></th>
<td>${prose(description)} <code>${schemaText(schema)}</code></td></tr>`,
  )}</tbody></table>`;
}

function answerRow(status: string, { description, content }: Response): Html {
  const shown = content === undefined ? html`` : contentPart(content);
  return html`<tr><th scope="row"><code>${status}</code></th><td>${prose(description)}${shown}</td></tr>`;
}

function contentPart(content: Readonly<Record<string, { readonly schema: JsonSchema }>>): Html {
  return html`${Object.entries(content).map(([type, { schema }]) => {
    const { $ref: reference } = schema;
    const text = schemaText(schema);
    const shown = typeof reference === 'string' ? html`<a href="#schema-${text}">${text}</a>` : html`${text}`;
    return html`<pre><small>${type}</small>\n${shown}</pre>`;
  })}`;
}

function slug(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
