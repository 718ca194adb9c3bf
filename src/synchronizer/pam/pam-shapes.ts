import { type JsonObject, listOf, objectOf, textOf, unexpectedShape } from '../web/json-fields.ts';

/** One page of a list of the PAM REST API. */
export interface PamPage<T> {
  readonly items: readonly T[];
  /** Of the whole list, by most versions; of the page, by some; null: not said. */
  readonly count: number | null;
  /** null: none is named. */
  readonly next: NextPage | null;
}

/** The next page as a link names it. All else in it is passed over: it may be encoded wrongly, or lead somewhere else. */
export interface NextPage {
  /** null: the link says no number. */
  readonly offset: number | null;
}

/** An account as `GET /PasswordVault/API/Accounts` shows it. */
export interface PamAccount {
  readonly id: string;
  readonly name: string;
  readonly safeName: string;
  readonly userName: string | null;
  readonly address: string | null;
  readonly platformId: string | null;
  readonly platformAccountProperties: ReadonlyMap<string, string>;
  /** Instants of the last changes of value and fields; null where the version does not tell. */
  readonly lastModified: string | null;
  readonly categoryModified: string | null;
}

/** The token of a PVWA logon: a JSON string. @throws Problem `source_unexpected` */
export function readPvwaToken(json: unknown): string {
  return textOf(json, 'the logon', 'token');
}

/** The token of Privilege Cloud. @throws Problem `source_unexpected` */
export function readCloudToken(json: unknown): string {
  return textOf(objectOf(json, 'the logon', 'access_token')['access_token'], 'the logon', 'access_token');
}

/** @throws Problem `source_unexpected` */
export function readSafesPage(json: unknown): PamPage<string> {
  return readPage(json, 'the list of safes', (entry, what) => textOf(entry['safeName'], what, 'safeName'));
}

/** @throws Problem `source_unexpected` */
export function readAccountsPage(json: unknown): PamPage<PamAccount> {
  return readPage(json, 'the list of accounts', readAccount);
}

/** A value: a JSON string, which may be empty. @throws Problem `source_unexpected` */
export function readPamValue(json: unknown): string {
  if (typeof json === 'string') return json;
  throw unexpectedShape('the value of an account', 'string');
}

/** `{"ErrorCode", "ErrorMessage"}`. */
export function pamWords(json: unknown): string | null {
  const fields = isRecord(json) ? json : {};
  const code = fields['ErrorCode'];
  const message = fields['ErrorMessage'];
  if (typeof message !== 'string') return null;
  return typeof code === 'string' ? `${message} ${code}` : message;
}

function readPage<T>(json: unknown, what: string, read: (entry: JsonObject, what: string) => T): PamPage<T> {
  const fields = objectOf(json, what, 'value');
  const count = fields['count'];
  const link = fields['nextLink'];
  return {
    items: listOf(fields['value'], what, 'value').map((entry) => read(objectOf(entry, what, 'value'), what)),
    count: typeof count === 'number' && Number.isInteger(count) ? count : null,
    next: typeof link === 'string' && link !== '' ? { offset: offsetIn(link) } : null,
  };
}

function offsetIn(link: string): number | null {
  const offset = new URLSearchParams(link.slice(link.indexOf('?') + 1)).get('offset') ?? '';
  return /^\d{1,9}$/u.test(offset) ? Number(offset) : null;
}

function readAccount(entry: JsonObject, what: string): PamAccount {
  const management = isRecord(entry['secretManagement']) ? entry['secretManagement'] : {};
  const more = isRecord(entry['platformAccountProperties']) ? entry['platformAccountProperties'] : {};
  return {
    id: textOf(entry['id'], what, 'id'),
    name: textOf(entry['name'], what, 'name'),
    safeName: textOf(entry['safeName'], what, 'safeName'),
    userName: plainValue(entry['userName']),
    address: plainValue(entry['address']),
    platformId: plainValue(entry['platformId']),
    platformAccountProperties: new Map(
      Object.entries(more).flatMap(([name, value]) => {
        const text = plainValue(value);
        return text === null ? [] : [[name, text] as const];
      }),
    ),
    lastModified: plainValue(management['lastModifiedTime']),
    categoryModified: plainValue(entry['categoryModificationTime']),
  };
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Texts, numbers and booleans as text; an empty text is no value. */
function plainValue(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}
