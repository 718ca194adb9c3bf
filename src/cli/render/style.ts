import { styleText } from 'node:util';

/** How words are set off. Rendering is given one, so that it is the same text with colours and without. */
export interface Style {
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly fault: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const same = (text: string): string => text;

export const plainStyle: Style = { good: same, warning: same, fault: same, strong: same, faint: same };

/** ANSI colours that are readable on light and dark ground. */
export const terminalStyle: Style = {
  good: (text) => paint('green', text),
  warning: (text) => paint('yellow', text),
  fault: (text) => paint('red', text),
  strong: (text) => paint('bold', text),
  faint: (text) => paint('dim', text),
};

function paint(format: 'green' | 'yellow' | 'red' | 'bold' | 'dim', text: string): string {
  return styleText(format, text, { validateStream: false });
}
