import { emptyState, type SyncState } from './state.ts';

type Line =
  | readonly ['state', 2, string, string]
  | readonly ['check', string, number]
  | readonly ['branch', string]
  | readonly ['doubt', string]
  | readonly ['unsure', string]
  | readonly ['removal', number, number]
  | readonly ['account', string, string, string, string | null, readonly string[], number | null]
  | readonly ['variable', string, string, string | null, boolean, false?]
  | readonly ['drifted', string]
  | readonly ['failing', string]
  | readonly ['end'];

const pieceLength = 256 * 1024;

/**
 * A state as text, one JSON array a line: of a large vault neither the whole text nor a tree of the whole is ever on the heap. The last line
 * says that it is whole.
 *
 * @param keyPrint of the key under which its digests were made: under another, they say nothing
 */
export function linesOfState(state: SyncState, keyPrint: string): Buffer {
  const pieces: Buffer[] = [];
  let piece = '';
  for (const line of eachLine(state, keyPrint)) {
    piece += `${JSON.stringify(line)}\n`;
    if (piece.length < pieceLength) continue;
    pieces.push(Buffer.from(piece));
    piece = '';
  }
  return Buffer.concat([...pieces, Buffer.from(piece)]);
}

function* eachLine(state: SyncState, keyPrint: string): Generator<Line> {
  yield ['state', 2, state.target, keyPrint];
  for (const [branch, atMs] of state.checks) yield ['check', branch, atMs];
  for (const branch of state.branches) yield ['branch', branch];
  for (const branch of state.doubtful) yield ['doubt', branch];
  for (const key of state.unsure) yield ['unsure', key];
  for (const { atMs, count } of state.removals) yield ['removal', atMs, count];
  for (const [key, { safe, name, revision, properties, comparedAtMs }] of state.accounts)
    yield ['account', key, safe, name, revision, properties, comparedAtMs];
  for (const [id, { account, digest, disabled, permitted }] of state.variables)
    yield permitted
      ? ['variable', id, account, digest, disabled]
      : ['variable', id, account, digest, disabled, false];
  for (const id of state.drifted) yield ['drifted', id];
  for (const key of state.failing) yield ['failing', key];
  yield ['end'];
}

/** The state that these lines are; null when they are not whole, of another version, or of another key. */
export function stateOfLines(bytes: Buffer, keyPrint: string): SyncState | null {
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
      state = line[1] === 2 && line[3] === keyPrint ? emptyState(line[2]) : null;
    } else if (state !== null) take(state, line, one);
  }
  return null;
}

function take(
  state: SyncState,
  line: Exclude<Line, readonly ['end'] | readonly ['state', ...unknown[]]>,
  one: Interned,
): void {
  switch (line[0]) {
    case 'check':
      state.checks.set(line[1], line[2]);
      break;
    case 'branch':
      state.branches.add(line[1]);
      break;
    case 'doubt':
      state.doubtful.add(line[1]);
      break;
    case 'unsure':
      state.unsure.add(line[1]);
      break;
    case 'removal':
      state.removals = [...state.removals, { atMs: line[1], count: line[2] }];
      break;
    case 'drifted':
      state.drifted.add(line[1]);
      break;
    case 'failing':
      state.failing.add(line[1]);
      break;
    case 'account': {
      const [, key, safe, name, revision, properties, comparedAtMs] = line;
      const known = { safe: one.text(safe), name, revision, properties: one.list(properties), comparedAtMs };
      state.accounts.set(one.text(key), known);
      break;
    }
    case 'variable': {
      const [, id, account, digest, disabled, permitted = true] = line;
      state.variables.set(id, { account: one.text(account), digest, disabled, permitted });
    }
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
