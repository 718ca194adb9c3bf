import { plainLine } from '../summary/figures.ts';

/** Markup that is finished. Whatever else comes into a template is text, and stays text. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

type Filling = string | number | Html | readonly Html[];

/** What takes no room on the page. */
export const nothing: Html = new Html('');

/** A template of HTML or SVG, for text between tags and for attributes in double quotes alike. */
export function html(fixed: TemplateStringsArray, ...fillings: readonly Filling[]): Html {
  const pieces = fixed.map((piece, at) => piece + markupOf(fillings[at] ?? ''));
  return new Html(pieces.join(''));
}

const entities = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

function markupOf(filling: Filling): string {
  if (filling instanceof Html) return filling.markup;
  if (typeof filling === 'object') return filling.map(({ markup }) => markup).join('');
  return plainLine(String(filling)).replaceAll(/[&<>"']/gu, (letter) => entities.get(letter) ?? '');
}
