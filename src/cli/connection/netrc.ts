/** One entry of a netrc file. */
export interface Machine {
  readonly login: string;
  readonly password: string;
}

/**
 * The entry `machine <name>` of a netrc file, null when there is none, or it lacks login or password. `default`, `account`
 * and comments are passed over; a `macdef` ends with an empty line.
 */
export function findMachine(text: string, name: string): Machine | null {
  const words = wordsOf(text);
  for (let at = 0; at < words.length; at += 1) {
    if (words[at] !== 'machine' || words[at + 1] !== name) continue;
    const entry = fieldsOf(words.slice(at + 2));
    const login = entry.get('login');
    const password = entry.get('password');
    return login === undefined || password === undefined ? null : { login, password };
  }
  return null;
}

function fieldsOf(words: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [name = '', value = ''] = words.slice(at, at + 2);
    if (!['login', 'password', 'account'].includes(name)) break; // the next entry
    fields.set(name, value);
  }
  return fields;
}

function wordsOf(text: string): readonly string[] {
  return text
    .replaceAll(/^\s*macdef[^\n]*\n(?:[^\n]+\n?)*/gmu, '\n')
    .split('\n')
    .flatMap((line) => line.replace(/(^|\s)#.*$/u, '').split(/\s+/u))
    .filter((word) => word !== '');
}
