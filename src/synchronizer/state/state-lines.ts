import { emptyState, type SyncState } from './state.ts';

type Line =
  | readonly ['state', 1, string, number | null]
  | readonly ['branch', string]
  | readonly ['account', string, string, string, string | null, readonly string[]]
  | readonly ['variable', string, string, string | null, boolean]
  | readonly ['end'];

const pieceLength = 256 * 1024;

/**
 * A state as text, one JSON array a line: of a large vault neither the whole text nor a tree of the whole is ever on the heap. The last line
 * says that it is whole.
 */
export function linesOfState(state: SyncState): Buffer {
  const pieces: Buffer[] = [];
  let piece = '';
  for (const line of eachLine(state)) {
    piece += `${JSON.stringify(line)}\n`;
    if (piece.length < pieceLength) continue;
    pieces.push(Buffer.from(piece));
    piece = '';
  }
  return Buffer.concat([...pieces, Buffer.from(piece)]);
}

function* eachLine({ target, fullCheckAtMs, branches, accounts, variables }: SyncState): Generator<Line> {
  yield ['state', 1, target, fullCheckAtMs];
  for (const branch of branches) yield ['branch', branch];
  for (const [key, { safe, name, revision, properties }] of accounts)
    yield ['account', key, safe, name, revision, properties];
  for (const [id, { account, digest, disabled }] of variables)
    yield ['variable', id, account, digest, disabled];
  yield ['end'];
}

/** The state that these lines are; null when they are not whole, or of another version. */
export function stateOfLines(bytes: Buffer): SyncState | null {
  let state: SyncState | null = null;
  const one = interned();
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, from);
    const to = newline === -1 ? bytes.length : newline;
    const line = lineOf(bytes.toString('utf8', from, to));
    from = to + 1;
    if (line === null) return null;
    if (line[0] === 'end') return state;
    if (line[0] === 'state') {
      state = line[1] === 1 ? emptyState(line[2]) : null;
      if (state !== null) state.fullCheckAtMs = line[3];
    } else if (state !== null) take(state, line, one);
  }
  return null;
}

function take(
  state: SyncState,
  line: Exclude<Line, readonly ['end'] | readonly ['state', ...unknown[]]>,
  one: Interned,
): void {
  if (line[0] === 'branch') state.branches.add(line[1]);
  else if (line[0] === 'account') {
    const [, key, safe, name, revision, properties] = line;
    state.accounts.set(one.text(key), {
      safe: one.text(safe),
      name,
      revision,
      properties: one.list(properties),
    });
  } else {
    const [, id, account, digest, disabled] = line;
    state.variables.set(id, { account: one.text(account), digest, disabled });
  }
}

interface Interned {
  readonly text: (text: string) => string;
  readonly list: (list: readonly string[]) => readonly string[];
}

/** Equal texts and lists become one and the same: thousands of accounts have the same safe and the same properties. */
function interned(): Interned {
  const texts = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  const once = <T>(map: Map<string, T>, key: string, value: T): T => {
    const known = map.get(key);
    if (known === undefined) map.set(key, value);
    return known ?? value;
  };
  return {
    text: (text) => once(texts, text, text),
    list: (list) => once(lists, JSON.stringify(list), list),
  };
}

/** Written by nobody but us, so the first word vouches for the rest. */
function lineOf(text: string): Line | null {
  try {
    const line: Line = JSON.parse(text);
    return Array.isArray(line) && typeof line[0] === 'string' ? line : null;
  } catch {
    return null;
  }
}
