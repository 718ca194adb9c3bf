import { readFileSync } from 'node:fs';
import { Problem } from '../../core/problem.ts';
import type { ConsulConnection } from './connection-settings.ts';

/** The token of our calls. */
export interface TokenSource {
  readonly current: () => string | null;
  /** Reads the file again; whether that gave another token. */
  readonly refresh: () => boolean;
}

/**
 * As Consul's own tools do: the file's token counts, and the other one where the file is empty.
 *
 * @throws Problem `config_invalid` when the file cannot be read
 */
export function readToken({ token, tokenFile }: Pick<ConsulConnection, 'token' | 'tokenFile'>): TokenSource {
  const other = token?.reveal() ?? null;
  if (tokenFile === null) return { current: () => other, refresh: () => false };
  let known = readTokenFile(tokenFile);
  return {
    current: () => (known === '' ? other : known),
    refresh: () => {
      const before = known;
      try {
        known = readTokenFile(tokenFile);
      } catch {
        return false; // it is being written
      }
      return known !== before;
    },
  };
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new Problem(
      'config_invalid',
      `CONSUL_HTTP_TOKEN_FILE: ${file} cannot be read. Name a file that is there.`,
      { cause },
    );
  }
}
