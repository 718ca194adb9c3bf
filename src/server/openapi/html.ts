/** Text that is HTML already. Everything else is escaped when it comes into a template. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Html | readonly Html[];

/** A template of HTML: what comes into it is text, and stays text. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const filled = parts.map((part) => rendered(part));
  return new Html(literals.map((literal, index) => `${literal}${filled[index] ?? ''}`).join(''));
}

function rendered(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return String(part).replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Text in which `code` stands between backticks. */
export function prose(text: string): Html {
  const pieces = text
    .split('`')
    .map((piece, index) => (index % 2 === 0 ? html`${piece}` : html`<code>${piece}</code>`));
  return html`${pieces}`;
}
