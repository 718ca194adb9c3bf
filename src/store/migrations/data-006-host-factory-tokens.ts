import type { Migration } from './migration.ts';

/**
 * Tokens of host factories. They are found by their hash and kept encrypted beside it, because a resource shows the
 * tokens of its factory. A token goes with its factory.
 */
export const hostFactoryTokens: Migration = {
  version: 6,
  name: 'tokens of host factories',
  sql: `
create table host_factory_tokens (
  token_sha256 text collate "C" primary key check (length(token_sha256) = 64),
  token bytea not null,
  resource_id text collate "C" not null references resources on delete cascade,
  cidr cidr[] not null default '{}',
  expiration timestamptz not null
);
create index host_factory_tokens_resource on host_factory_tokens (resource_id, expiration);
`,
};
