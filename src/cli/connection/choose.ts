import { Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';

/** One place that may say where the API is and who one is; null: it says nothing of that. */
export interface Source {
  /** For people: `~/.conjurrc`. */
  readonly name: string;
  readonly url: string | null;
  readonly account: string | null;
  readonly ca: string | null;
  /** The name that the server's certificate carries, where it is not the host of the URL. */
  readonly certificateName?: string | null;
  readonly login: string | null;
  readonly apiKey: Secret<string> | null;
}

/** Where the API is. */
export interface Address {
  readonly url: string;
  readonly account: string;
  /** PEM; null: the authorities that Node trusts. */
  readonly ca: string | null;
  readonly certificateName: string | null;
}

/** ... and who one is there. */
export interface Connection extends Address {
  readonly login: string;
  readonly apiKey: Secret<string>;
}

const waysToUrl =
  'Give --url and --account, or --dir of a node on this machine, or set HOLDFAST_URL and HOLDFAST_ACCOUNT.';

/**
 * The address that the sources name, the first that says something being believed. One that names another URL than the
 * chosen one speaks of another server, and is left out altogether.
 *
 * @throws Problem `usage` that says what is missing
 */
export function chooseAddress(sources: readonly Source[]): Address {
  return addressOf(ofOneServer(sources));
}

/**
 * The address, and the login with its key. A key counts only beside the URL, the account and the login that its source
 * names, so none ever goes where it was not meant for.
 *
 * @throws Problem `usage` that says what is missing
 */
export function chooseConnection(sources: readonly Source[]): Connection {
  const agreed = ofOneServer(sources);
  const address = addressOf(agreed);
  const ofAccount = agreed.filter(({ account }) => account === null || account === address.account);
  const login = first(ofAccount, (source) => source.login);
  if (login === null) {
    throw new Problem(
      'usage',
      `--login: nobody is logged in at ${address.url} (account ${address.account}). Run "holdfast login".`,
    );
  }
  const ofLogin = ofAccount.filter((source) => source.login === null || source.login === login);
  const apiKey = first(ofLogin, (source) => source.apiKey);
  if (apiKey === null) {
    throw new Problem(
      'usage',
      `--login: there is no API key for ${login} at ${address.url} (account ${address.account}). Run "holdfast login ${login}", or set HOLDFAST_API_KEY.`,
    );
  }
  return { ...address, login, apiKey };
}

/** Two URLs of one server are one text. @throws Problem `usage` for what is no URL, or would send keys in the clear */
export function normalUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/u.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new Problem('usage', `--url: "${text.slice(0, 120)}" must be written as https://host[:port].`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new Problem('usage', '--url: it must hold no name or password; give the login with --login.');
  }
  if (url.protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/u.test(url.hostname)) {
    throw new Problem(
      'usage',
      `--url: http would show API keys to everybody between here and ${url.host}; use https.`,
    );
  }
  return url.href.replace(/\/+$/u, '');
}

function addressOf(agreed: readonly Source[]): Address {
  const url = first(agreed, (source) => source.url);
  if (url === null) throw new Problem('usage', `--url: no server is named anywhere. ${waysToUrl}`);
  const account = first(agreed, (source) => source.account);
  if (account === null)
    throw new Problem('usage', `--account: which account of ${url} is meant? ${waysToUrl}`);
  return {
    url: normalUrl(url),
    account,
    ca: first(agreed, (source) => source.ca),
    certificateName: first(agreed, (source) => source.certificateName ?? null),
  };
}

/** Those that speak of the URL that was named first, or of none. */
function ofOneServer(sources: readonly Source[]): readonly Source[] {
  const url = first(sources, (source) => source.url);
  return sources.filter((source) => source.url === null || url === null || sameUrl(source.url, url));
}

/** One that cannot be read equals nothing else; it is told of when it is the one that counts. */
function sameUrl(one: string, other: string): boolean {
  if (one === other) return true;
  return URL.canParse(one) && URL.canParse(other) && withoutSlash(one) === withoutSlash(other);
}

function withoutSlash(url: string): string {
  return new URL(url).href.replace(/\/+$/u, '');
}

function first<T>(sources: readonly Source[], get: (source: Source) => T | null): T | null {
  for (const source of sources) {
    const value = get(source);
    if (value !== null) return value;
  }
  return null;
}
