import type { FieldValue, Tagged } from './effective-rows.ts';

/** Statements as YAML: what `readPolicy` reads as the same statements. */
export function policyYaml(statements: readonly Tagged[]): string {
  if (statements.length === 0) return '--- []\n';
  const lines = ['---'];
  for (const statement of statements) writeItem(statement, '', lines);
  return `${lines.join('\n')}\n`;
}

/** Statements as JSON: `{"user": {"id": "alice"}}`. */
export function policyJson(statements: readonly Tagged[]): string {
  return JSON.stringify(statements.map(plain));
}

function plain({ tag, value }: Tagged): Readonly<Record<string, unknown>> {
  if (typeof value === 'string') return { [tag]: value };
  return { [tag]: Object.fromEntries([...value].map(([name, field]) => [name, plainField(field)])) };
}

function plainField(value: FieldValue): unknown {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if ('names' in value) return Object.fromEntries(value.names);
  if ('tag' in value) return plain(value);
  return value.map((item) => (typeof item === 'string' ? item : plain(item)));
}

/** `- !tag word`, or `- !tag` with its fields below. */
function writeItem({ tag, value }: Tagged, indent: string, lines: string[]): void {
  const word = typeof value === 'string' ? value : onlyId(value);
  if (word !== null) lines.push(`${indent}- !${tag} ${scalar(word)}`);
  else {
    lines.push(`${indent}- !${tag}`);
    if (typeof value !== 'string') writeFields(value, `${indent}  `, lines);
  }
}

function onlyId(fields: ReadonlyMap<string, FieldValue>): string | null {
  const id = fields.get('id');
  return fields.size === 1 && typeof id === 'string' ? id : null;
}

function writeFields(fields: ReadonlyMap<string, FieldValue>, indent: string, lines: string[]): void {
  for (const [name, value] of fields) writeField(name, value, indent, lines);
}

function writeField(name: string, value: FieldValue, indent: string, lines: string[]): void {
  if (typeof value === 'string') lines.push(`${indent}${name}: ${scalar(value)}`);
  else if (typeof value === 'boolean') lines.push(`${indent}${name}: ${value}`);
  else if ('names' in value) {
    lines.push(`${indent}${name}:`);
    for (const [key, text] of value.names) lines.push(`${indent}  ${keyText(key)}: ${scalar(text)}`);
  } else if ('tag' in value) {
    if (typeof value.value === 'string') lines.push(`${indent}${name}: !${value.tag} ${scalar(value.value)}`);
    else {
      lines.push(`${indent}${name}: !${value.tag}`);
      writeFields(value.value, `${indent}  `, lines);
    }
  } else if (value.every((item) => typeof item === 'string')) {
    lines.push(`${indent}${name}: [${value.map(scalar).join(', ')}]`);
  } else {
    lines.push(`${indent}${name}:`);
    for (const item of value) if (typeof item !== 'string') writeItem(item, indent, lines);
  }
}

/** Words that some reader of YAML takes for something else than text. */
const notText = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|e\d+)$/i;
const plainText = /^(?:[A-Za-z_/][\w./@-]*(?: [\w./@-]+)*|\d+(?:\.\d+){3}\/\d+)$/;

/** Text as a scalar that is read as that text and nothing else. */
function scalar(text: string): string {
  if (plainText.test(text) && !notText.test(text)) return text;
  if (!/[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe]|[\u2028\u2029]/.test(text))
    return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text).replace(/[\x7f-\x9f\u2028\u2029\ufeff-\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function keyText(key: string): string {
  return /^[A-Za-z_][\w./-]*$/.test(key) && !notText.test(key)
    ? key
    : scalar(key).replace(/^(?!['"])(.*)$/, "'$1'");
}
