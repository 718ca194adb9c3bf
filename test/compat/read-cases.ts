import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { ApiSettings } from '../../src/core/api-settings.ts';
import { Wildcard, wildcardTags } from './expectation.ts';

/** One request and the answer that must come. Texts may hold `${…}`, expectations wildcards. */
export interface Step {
  readonly send: string;
  readonly as?: string;
  readonly basic?: readonly [string, string];
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly base64?: string;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly expect?: number | Expectation;
}

export interface Expectation {
  readonly status?: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly base64?: string;
  readonly json?: unknown;
}

export interface Case {
  readonly name: string;
  readonly source: string;
  readonly pending: string | null;
  readonly steps: readonly Step[];
}

export interface CaseFile {
  /** Without directory and ending. */
  readonly file: string;
  readonly topic: string;
  readonly settings: Partial<ApiSettings>;
  readonly policy: string | null;
  readonly setup: readonly Step[];
  readonly cases: readonly Case[];
}

const directory = new URL('cases/', import.meta.url);
const fileFields = ['topic', 'source', 'settings', 'policy', 'setup', 'cases'];
const caseFields = ['name', 'source', 'pending', 'steps'];
const stepFields = ['send', 'as', 'basic', 'token', 'headers', 'body', 'base64', 'json', 'form', 'expect'];
const expectFields = ['status', 'headers', 'body', 'base64', 'json'];

/** All files of the suite; of those, with `COMPAT=a,b`, the ones whose name begins so. @throws Error that names file and place */
export function readCaseFiles(only: string | undefined = process.env['COMPAT']): readonly CaseFile[] {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort();
  const wanted = only?.split(',') ?? [''];
  return names.filter((name) => wanted.some((prefix) => name.startsWith(prefix))).map(readCaseFile);
}

function readCaseFile(file: string): CaseFile {
  const path = fileURLToPath(new URL(`${file}.yaml`, directory));
  const raw = plainValue(readFileSync(path, 'utf8'), `${file}.yaml`);
  const whole = fieldsOf(raw, fileFields, file);
  const cases = listOf(whole['cases'], `${file}: cases`).map((entry) =>
    readCase(entry, whole['source'], file),
  );
  const twice = cases.find(({ name }, index) => cases.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new Error(`${file}: two cases are named "${twice.name}"`);
  return {
    file,
    topic: textOf(whole['topic'], `${file}: topic`),
    settings: whole['settings'] ?? {},
    policy: (whole['policy'] ?? null) as string | null,
    setup: listOf(whole['setup'] ?? [], `${file}: setup`).map((step) => readStep(step, `${file}: setup`)),
    cases,
  };
}

function readCase(raw: unknown, source: unknown, file: string): Case {
  const fields = fieldsOf(raw, caseFields, file);
  const name = textOf(fields['name'], `${file}: the name of a case`);
  const at = `${file}: "${name}"`;
  return {
    name,
    source: textOf(fields['source'] ?? source, `${at}: source`),
    pending: (fields['pending'] ?? null) as string | null,
    steps: listOf(fields['steps'], `${at}: steps`).map((step) => readStep(step, at)),
  };
}

function readStep(raw: unknown, at: string): Step {
  const step = fieldsOf(raw, stepFields, at);
  if (!/^[A-Z]+ \S+$/.test(textOf(step['send'], `${at}: send`))) {
    throw new Error(`${at}: send: "${String(step['send'])}" is no method and path`);
  }
  if (typeof step['expect'] === 'object') fieldsOf(step['expect'], expectFields, `${at}: expect`);
  return step as unknown as Step;
}

function fieldsOf(raw: unknown, known: readonly string[], at: string): Readonly<Record<string, unknown>> {
  if (typeof raw !== 'object' || raw === null) throw new Error(`${at}: ${String(raw)} has no fields`);
  const unknown = Object.keys(raw).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`${at}: there is no field ${unknown}; only ${known.join(', ')}`);
  return { ...raw };
}

function textOf(raw: unknown, at: string): string {
  if (typeof raw !== 'string' || raw === '') throw new Error(`${at}: is missing`);
  return raw;
}

function listOf(raw: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(raw)) throw new Error(`${at}: is no list`);
  return raw;
}

/** The YAML as plain data, with a `Wildcard` for each of our tags. */
function plainValue(text: string, file: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`${file}: ${error.message}`);
  const plain = (node: unknown): unknown => {
    if (isAlias(node)) return plain(node.resolve(document));
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return node;
    const value = isMap(node)
      ? Object.fromEntries(node.items.map(({ key, value: of }) => [String(plain(key)), plain(of)]))
      : isSeq(node)
        ? node.items.map(plain)
        : node.value;
    const tag = tagOf(node);
    if (tag === null) return value;
    if (wildcardTags.includes(tag)) return new Wildcard(tag as Wildcard['tag'], value ?? '');
    const { line } = lines.linePos(node.range?.[0] ?? 0);
    throw new Error(`${file}:${line}: there is no tag !${tag}`);
  };
  return plain(document.contents);
}

function tagOf({ tag }: Node): string | null {
  return tag?.startsWith('!') === true && tag !== '!' ? tag.slice(1) : null;
}
