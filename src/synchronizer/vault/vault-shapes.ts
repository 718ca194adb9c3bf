import { type JsonObject, listOf, objectOf, textOf, unexpectedShape } from '../json-fields.ts';

/** Names below a path; one that ends in a slash has more below it. @throws Problem `source_unexpected` */
export function readKeys(json: unknown, what: string): readonly string[] {
  const data = objectOf(objectOf(json, what, 'data')['data'], what, 'data');
  return listOf(data['keys'], what, 'keys').map((key) => textOf(key, what, 'keys'));
}

/**
 * A 404 in Vault's own words: without a message, or with what is known of a deleted version. All else is somebody else's (a proxy's,
 * a mount's that is gone) and says nothing of a secret.
 *
 * @throws Problem `source_unexpected`
 */
export function readMissing(json: unknown, what: string): void {
  const fields = objectOf(json, what, 'errors');
  if (fields['data'] === undefined && listOf(fields['errors'], what, 'errors').length > 0)
    throw unexpectedShape(what, 'errors');
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

/** The values of a secret: texts as they are, all else as JSON. @throws Problem `source_unexpected` */
export function readValues(json: unknown, what: string): ReadonlyMap<string, string> {
  const outer = objectOf(objectOf(json, what, 'data')['data'], what, 'data');
  const values: JsonObject = objectOf(outer['data'], what, 'data.data');
  return new Map(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

/** The token of a login. @throws Problem `source_unexpected` */
export function readClientToken(json: unknown): string {
  const auth = objectOf(objectOf(json, 'the login', 'auth')['auth'], 'the login', 'auth');
  return textOf(auth['client_token'], 'the login', 'auth.client_token');
}

/** `{"errors": [...]}`. */
export function vaultWords(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || !('errors' in json) || !Array.isArray(json.errors))
    return null;
  const words = json.errors.filter((word) => typeof word === 'string').join('; ');
  return words === '' ? null : words;
}
