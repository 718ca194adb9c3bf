import { homedir } from 'node:os';
import { join } from 'node:path';
import { readApiSettings } from '../core/api-settings-read.ts';
import { Secret } from '../core/secret.ts';

/** What the command line takes from its environment; nobody else in the product looks at `process.env` for settings. */
export interface Environment {
  /** HOLDFAST_DIR: where the node of this machine lies. */
  readonly dir: string;
  /** HOLDFAST_DEMO: where a demo lies that may be hurt; where `npm run demo` puts it, unless said. */
  readonly demoDir: string;
  /** HOLDFAST_JOIN_TOKEN: a join token, for `holdfast join`. */
  readonly joinToken: Secret<string> | null;
  readonly api: ApiEnvironment;
  /** CONJUR_*: how the API of a node behaves; what is wrong with them is told when a node starts. */
  readonly apiSettings: ReturnType<typeof readApiSettings>;
  /** HOLDFAST_DEBUG=1: failures come with the place in the code where they arose. */
  readonly debug: boolean;
  /** NO_COLOR (https://no-color.org): set to anything, nothing is coloured. */
  readonly noColor: boolean;
}

/** What the environment says of the API: where it is, and who one is. */
export interface ApiEnvironment {
  /** HOLDFAST_URL, HOLDFAST_ACCOUNT, HOLDFAST_CA_FILE, HOLDFAST_LOGIN, HOLDFAST_API_KEY. */
  readonly ours: ConnectionSettings;
  /** CONJUR_APPLIANCE_URL, CONJUR_ACCOUNT, CONJUR_CERT_FILE or CONJUR_SSL_CERTIFICATE, CONJUR_AUTHN_LOGIN and _API_KEY. */
  readonly conjur: ConnectionSettings;
  /** Where `holdfast login` writes: below XDG_CONFIG_HOME, or ~/.config. */
  readonly sessionFile: string;
  /** CONJURRC, or ~/.conjurrc: what the official CLI writes. */
  readonly conjurrcFile: string;
  /** CONJUR_NETRC_PATH; null: what the conjurrc says, or ~/.netrc. */
  readonly netrcFile: string | null;
  readonly home: string;
}

/** A part of what is needed to talk to the API; null: not said here. */
export interface ConnectionSettings {
  readonly url: string | null;
  readonly account: string | null;
  readonly caFile: string | null;
  /** The certificate itself, PEM. */
  readonly ca: string | null;
  readonly login: string | null;
  readonly apiKey: Secret<string> | null;
}

/** Where a node lies unless --dir or HOLDFAST_DIR say otherwise. */
const defaultDir = '/var/lib/holdfast';

/** Reads the environment, once. The secrets are taken out of it, so that no child inherits them. */
export function takeEnvironment(): Environment {
  return {
    dir: nonEmpty(process.env['HOLDFAST_DIR']) ?? defaultDir,
    demoDir: nonEmpty(process.env['HOLDFAST_DEMO']) ?? usualDemoDir(),
    joinToken: takeSecret('HOLDFAST_JOIN_TOKEN'),
    api: takeApiEnvironment(),
    apiSettings: readApiSettings(process.env),
    debug: nonEmpty(process.env['HOLDFAST_DEBUG']) !== null,
    noColor: nonEmpty(process.env['NO_COLOR']) !== null || process.env['TERM'] === 'dumb',
  };
}

function usualDemoDir(): string {
  return process.getuid?.() === 0 ? '/var/lib/holdfast-demo' : join(homedir(), '.local/share/holdfast-demo');
}

function takeApiEnvironment(): ApiEnvironment {
  const text = (name: string): string | null => nonEmpty(process.env[name]);
  const home = homedir();
  return {
    ours: {
      url: text('HOLDFAST_URL'),
      account: text('HOLDFAST_ACCOUNT'),
      caFile: text('HOLDFAST_CA_FILE'),
      ca: null,
      login: text('HOLDFAST_LOGIN'),
      apiKey: takeSecret('HOLDFAST_API_KEY'),
    },
    conjur: {
      url: text('CONJUR_APPLIANCE_URL'),
      account: text('CONJUR_ACCOUNT'),
      caFile: text('CONJUR_CERT_FILE'),
      ca: text('CONJUR_SSL_CERTIFICATE'),
      login: text('CONJUR_AUTHN_LOGIN'),
      apiKey: takeSecret('CONJUR_AUTHN_API_KEY'),
    },
    sessionFile: join(text('XDG_CONFIG_HOME') ?? join(home, '.config'), 'holdfast', 'session.json'),
    conjurrcFile: text('CONJURRC') ?? join(home, '.conjurrc'),
    netrcFile: text('CONJUR_NETRC_PATH'),
    home,
  };
}

function takeSecret(name: string): Secret<string> | null {
  const text = (process.env[name] ?? '').trim();
  delete process.env[name];
  return text === '' ? null : new Secret(text);
}

function nonEmpty(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
