import type { ConjurClient } from '../client/client.ts';

/**
 * Whether this synchronizer may still write, and as whom. Whatever writes asks it immediately before each request, and never keeps
 * the answer.
 */
export interface Authority {
  /** @throws Problem `no_authority` when another synchronizer may write now, or when nobody knows */
  readonly writer: () => ConjurClient;
}

/** The authority of a synchronizer that is the only one: its own login, for ever. */
export function soleAuthority(client: ConjurClient): Authority {
  return { writer: () => client };
}
