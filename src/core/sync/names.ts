/** Letters and marks that show nothing (U+3164, U+034F): two names would look like one. */
const invisible = /\p{Default_Ignorable_Code_Point}/u;

/** What stands for the empty name: no escape ends after its first character. */
const emptyName = '~';

/**
 * A name of a source as one part of an id. Letters, digits, `_ @ . -` and single blanks inside a name stay as they are;
 * everything else, and letters that nobody sees, becomes `~` and two hexadecimal digits for each byte of its UTF-8 (`:` is `~3A`,
 * `/` is `~2F`, `~` itself is `~7E`), and half of a surrogate pair `~u` and four digits. A name begins with a letter, a digit or `_`,
 * so that nothing takes it for an option or a hidden file, ends with no blank, and never holds `..`, which policies read as a step
 * upwards.
 *
 * Different names stay different; `unescapeName` gives the name back.
 */
export function escapeName(name: string): string {
  if (name === '') return emptyName;
  const letters = Array.from(name);
  return letters.map((letter, at) => (staysAt(letters, at) ? letter : escapeOf(letter))).join('');
}

/** The name that `escapeName` has made this of; null when it made no such text. */
export function unescapeName(text: string): string | null {
  if (text === emptyName) return '';
  const name = unescaped(text);
  return name !== null && escapeName(name) === text ? name : null;
}

function staysAt(letters: readonly string[], at: number): boolean {
  const letter = letters[at] ?? '';
  const before = letters[at - 1] ?? null;
  if (invisible.test(letter)) return false;
  if (before === null) return /^[\p{L}\p{N}_]$/u.test(letter);
  if (letter === ' ') return before !== ' ' && at < letters.length - 1;
  if (letter === '.') return before !== '.';
  return /^[\p{L}\p{N}\p{M}_@-]$/u.test(letter);
}

function escapeOf(letter: string): string {
  const code = letter.charCodeAt(0);
  if (letter.length === 1 && code >= 0xd800 && code <= 0xdfff) return `~u${code.toString(16).toUpperCase()}`;
  const encoded = encodeURIComponent(letter);
  // What URLs leave alone is escaped here all the same, so it is one byte.
  return encoded === letter
    ? `~${code.toString(16).toUpperCase().padStart(2, '0')}`
    : encoded.replaceAll('%', '~');
}

function unescaped(text: string): string | null {
  const halves = text.replaceAll('%', '%25').split(/~u([0-9A-F]{4})/u);
  try {
    return halves
      .map((part, at) =>
        at % 2 === 1
          ? String.fromCharCode(Number.parseInt(part, 16))
          : decodeURIComponent(part.replaceAll('~', '%')),
      )
      .join('');
  } catch {
    return null; // no escape of ours: digits are missing, or the bytes are no UTF-8
  }
}
