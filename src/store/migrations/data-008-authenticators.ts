import type { Migration } from './migration.ts';

/** Which authenticators are switched on, by their webservice. No row: it is not. */
export const authenticators: Migration = {
  version: 8,
  name: 'authenticators that are switched on',
  sql: `
create table authenticator_configs (
  resource_id text collate "C" primary key references resources on delete cascade,
  enabled boolean not null default false
);
`,
};
