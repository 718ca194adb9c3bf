/**
 * What a request for an issuer may say. The order of the checks and the sentences are Conjur's: 400 for what is wrong with
 * the request, 422 for what is wrong with the credentials in it.
 */

/** The credentials of an issuer of type `aws`. */
export interface AwsData {
  readonly access_key_id: string;
  readonly secret_access_key: string;
}

export interface NewIssuer {
  readonly id: string;
  readonly type: string;
  /** The longest life of what it issues, seconds. */
  readonly maxTtl: number;
  readonly data: AwsData;
}

/** Null: stays as it is. */
export interface IssuerUpdate {
  readonly maxTtl: number | null;
  readonly data: AwsData | null;
}

/** Why a request is refused. */
export interface IssuerRefusal {
  readonly ok: false;
  readonly status: 400 | 422;
  readonly message: string;
}

type Fields = Readonly<Record<string, unknown>>;
type Reading<T> = { readonly ok: true; readonly value: T } | IssuerRefusal;

const idPattern = /^[a-zA-Z0-9+_-]+$/;
const idLengthMax = 60;
const leastTtl = 900;
const mostTtl = 43_200;
const keyIdFormat = /(A3T[A-Z0-9]|AKIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ASIA)[A-Z0-9]{16}/;
const secretKeyFormat = /[A-Za-z0-9/+]{40}/;

/** Reads the body of a request for a new issuer. */
export function readNewIssuer(fields: Fields): Reading<NewIssuer> {
  const { id, type, max_ttl: maxTtl, data } = fields;
  if (!isSupportedType(type)) return bad('issuer type is unsupported');
  const fault = idFault(id) ?? ttlFault(maxTtl) ?? (isMissing(data) ? required('data') : null);
  if (fault !== null) return bad(fault);
  if (Object.keys(fields).length !== 4) {
    return bad('invalid parameter received in the request body. Only id, type, max_ttl and data are allowed');
  }
  const credentials = readData(data);
  if (!credentials.ok) return credentials;
  return { ok: true, value: { id: String(id), type, maxTtl: Number(maxTtl), data: credentials.value } };
}

/** Reads the body of a request to change an issuer. @param current its longest life now, which may only grow */
export function readIssuerUpdate(fields: Fields, current: number): Reading<IssuerUpdate> {
  const { max_ttl: maxTtl, data } = fields;
  const fault = isMissing(maxTtl) ? null : ttlFault(maxTtl);
  if (fault !== null) return bad(fault);
  if (Object.keys(fields).some((name) => name !== 'max_ttl' && name !== 'data')) {
    return bad('invalid parameter received in the request body. Only max_ttl and data are allowed');
  }
  const credentials = isMissing(data) ? null : readData(data);
  if (credentials?.ok === false) return credentials;
  if (!isMissing(maxTtl) && Number(maxTtl) < current) {
    return bad('The new max_ttl must be equal or higher than the current max_ttl');
  }
  return {
    ok: true,
    value: { maxTtl: isMissing(maxTtl) ? null : Number(maxTtl), data: credentials?.value ?? null },
  };
}

function isSupportedType(type: unknown): type is string {
  return typeof type === 'string' && type.toLowerCase() === 'aws';
}

function idFault(id: unknown): string | null {
  if (isMissing(id) || id === '') return required('id');
  if (typeof id !== 'string') return wrongType('id', 'string');
  if (!idPattern.test(id)) {
    return "invalid 'id' parameter. Only the following characters are supported: A-Z, a-z, 0-9, +, -, and _";
  }
  return id.length > idLengthMax
    ? `'id' parameter length exceeded. Limit the length to ${idLengthMax} characters`
    : null;
}

function ttlFault(ttl: unknown): string | null {
  if (isMissing(ttl)) return required('max_ttl');
  if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl <= 0) {
    return wrongType('max_ttl', 'positive integer');
  }
  return ttl < leastTtl || ttl > mostTtl ? wrongType('max_ttl', `between ${leastTtl} and ${mostTtl}`) : null;
}

function readData(data: unknown): Reading<AwsData> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return bad(
      "'data' is not a valid JSON object; ensure that 'data' is properly formatted as a JSON object.",
    );
  }
  const fields = new Map<string, unknown>(Object.entries(data));
  const [keyId, secretKey] = [fields.get('access_key_id'), fields.get('secret_access_key')];
  const fault = textFault('access_key_id', keyId) ?? textFault('secret_access_key', secretKey);
  if (fault !== null) return unfit(fault);
  if (fields.size > 2) {
    return unfit('invalid parameter received in data. Only access_key_id and secret_access_key are allowed');
  }
  const value = { access_key_id: String(keyId), secret_access_key: String(secretKey) };
  const format =
    formatFault('access_key_id', 'access key ID', value.access_key_id, keyIdFormat) ??
    formatFault('secret_access_key', 'secret access key', value.secret_access_key, secretKeyFormat);
  return format === null ? { ok: true, value } : unfit(format);
}

function textFault(name: string, value: unknown): string | null {
  if (isMissing(value) || value === '') return required(name);
  return typeof value === 'string' ? null : wrongType(name, 'string');
}

/** Never says what was given: it may be a key. */
function formatFault(name: string, words: string, value: string, format: RegExp): string | null {
  if (format.test(value)) return null;
  const what = `The ${words} must be a valid AWS ${words}. The valid format is: ${format.source}`;
  return `invalid '${name}' parameter format. ${what}`;
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function required(name: string): string {
  return `${name} is a required parameter and must be specified`;
}

function wrongType(name: string, what: string): string {
  return `the '${name}' parameter must be a ${what}`;
}

function bad(message: string): IssuerRefusal {
  return { ok: false, status: 400, message };
}

function unfit(message: string): IssuerRefusal {
  return { ok: false, status: 422, message };
}
