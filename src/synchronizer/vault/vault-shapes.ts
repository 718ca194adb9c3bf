import { exactText } from '../web/exact-json.ts';
import { type JsonObject, listOf, objectOf, textOf, unexpectedShape } from '../web/json-fields.ts';

/** Names below a path; one that ends in a slash has more below it. @throws Problem `source_unexpected` */
export function readKeys(json: unknown, what: string): readonly string[] {
  const data = objectOf(objectOf(json, what, 'data')['data'], what, 'data');
  return listOf(data['keys'], what, 'keys').map((key) => textOf(key, what, 'keys'));
}

/**
 * A 404 in Vault's own words: `{"errors": []}`, or of a secret the metadata of a version that was deleted or destroyed. All else is
 * somebody else's (a proxy's, a mount's that is gone) and says nothing of what is there.
 *
 * @throws Problem `source_unexpected`
 */
export function readMissing(json: unknown, what: string, kind: 'folder' | 'secret'): void {
  const fields = objectOf(json, what, 'errors');
  if (kind === 'secret' && fields['data'] !== undefined) {
    const metadata = objectOf(objectOf(fields['data'], what, 'data')['metadata'], what, 'data.metadata');
    const { deletion_time: deleted, destroyed } = metadata;
    if (destroyed !== true && (typeof deleted !== 'string' || deleted === ''))
      throw unexpectedShape(what, 'deletion_time');
    return;
  }
  if (listOf(fields['errors'], what, 'errors').length > 0) throw unexpectedShape(what, 'errors');
}

/** The names in a secret and which version it is, without its values. @throws Problem `source_unexpected` */
export function readSubkeys(
  json: unknown,
  what: string,
): { readonly names: readonly string[]; readonly revision: string } {
  const data = objectOf(objectOf(json, what, 'data')['data'], what, 'data');
  const metadata = objectOf(data['metadata'], what, 'metadata');
  const created = textOf(metadata['created_time'], what, 'metadata.created_time');
  return {
    names: Object.keys(objectOf(data['subkeys'], what, 'subkeys')),
    revision: `${String(metadata['version'])}/${created}`,
  };
}

/**
 * The values of a secret: texts as they are, all else as JSON, in which numbers are written as Vault writes them.
 *
 * @param json with an ExactNumber for each number
 * @throws Problem `source_unexpected`; `source_refused` for a value that is nested too deep
 */
export function readValues(json: unknown, what: string): ReadonlyMap<string, string> {
  const outer = objectOf(objectOf(json, what, 'data')['data'], what, 'data');
  const values: JsonObject = objectOf(outer['data'], what, 'data.data');
  return new Map(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : exactText(value),
    ]),
  );
}

/** The token of a login. @throws Problem `source_unexpected` */
export function readClientToken(json: unknown): string {
  const auth = objectOf(objectOf(json, 'the login', 'auth')['auth'], 'the login', 'auth');
  return textOf(auth['client_token'], 'the login', 'auth.client_token');
}

/** How long a token lives, and how long it still does. @throws Problem `source_unexpected` */
export function readTokenLife(json: unknown): {
  readonly isRenewable: boolean;
  readonly leftSeconds: number;
  /** What a renewal gives again: its period or, without one, what it was made with. 0: it does not end. */
  readonly wholeSeconds: number;
} {
  const data = objectOf(objectOf(json, 'the token', 'data')['data'], 'the token', 'data');
  const seconds = (field: string): number => (typeof data[field] === 'number' ? data[field] : 0);
  return {
    isRenewable: data['renewable'] === true,
    leftSeconds: seconds('ttl'),
    wholeSeconds: seconds('period') || seconds('creation_ttl'),
  };
}

/** `{"errors": [...]}`. */
export function vaultWords(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || !('errors' in json) || !Array.isArray(json.errors))
    return null;
  const words = json.errors.filter((word) => typeof word === 'string').join('; ');
  return words === '' ? null : words;
}
