import type { Migration } from './migration.ts';

/**
 * Issuers of dynamic secrets. `data` holds their credentials, encrypted and bound to the issuer's id. An issuer goes with
 * its policy, `conjur/issuers/<id>`.
 */
export const issuers: Migration = {
  version: 7,
  name: 'issuers',
  sql: `
create table issuers (
  account text collate "C" not null,
  issuer_id text collate "C" not null,
  issuer_type text not null,
  max_ttl integer not null,
  data bytea not null,
  created_at timestamptz not null default transaction_timestamp(),
  modified_at timestamptz not null default transaction_timestamp(),
  policy_id text collate "C" not null references resources on delete cascade,
  primary key (account, issuer_id)
);
create index issuers_policy on issuers (policy_id);
`,
};
