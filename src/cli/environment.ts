import { readApiSettings } from '../core/api-settings-read.ts';
import { Secret } from '../core/secret.ts';

/** What the command line takes from its environment; nobody else in the product looks at `process.env` for settings. */
export interface Environment {
  /** HOLDFAST_DIR: where the node of this machine lies. */
  readonly dir: string;
  /** HOLDFAST_JOIN_TOKEN: a join token, for `holdfast join`. */
  readonly joinToken: Secret<string> | null;
  /** CONJUR_*: how the API of a node behaves; what is wrong with them is told when a node starts. */
  readonly apiSettings: ReturnType<typeof readApiSettings>;
  /** HOLDFAST_DEBUG=1: failures come with the place in the code where they arose. */
  readonly debug: boolean;
  /** NO_COLOR (https://no-color.org): set to anything, nothing is coloured. */
  readonly noColor: boolean;
}

/** Where a node lies unless --dir or HOLDFAST_DIR say otherwise. */
const defaultDir = '/var/lib/holdfast';

/** Reads the environment, once. The token is taken out of it, so that no child inherits it. */
export function takeEnvironment(): Environment {
  const token = process.env['HOLDFAST_JOIN_TOKEN'] ?? '';
  delete process.env['HOLDFAST_JOIN_TOKEN'];
  return {
    dir: nonEmpty(process.env['HOLDFAST_DIR']) ?? defaultDir,
    joinToken: token.trim() === '' ? null : new Secret(token.trim()),
    apiSettings: readApiSettings(process.env),
    debug: nonEmpty(process.env['HOLDFAST_DEBUG']) !== null,
    noColor: nonEmpty(process.env['NO_COLOR']) !== null || process.env['TERM'] === 'dumb',
  };
}

function nonEmpty(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
