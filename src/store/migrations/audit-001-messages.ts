import type { Migration } from './migration.ts';

/** The audit trail: the fields of RFC 5424, one row per record. `id` gives rows of one node their order. */
export const messages: Migration = {
  version: 1,
  name: 'messages',
  sql: `
create table messages (
  id bigint generated always as identity primary key,
  facility integer not null,
  severity integer not null,
  "timestamp" timestamptz not null,
  hostname text,
  appname text,
  procid text,
  msgid text,
  sdata jsonb not null default '{}',
  message text not null
);
create index messages_timestamp on messages ("timestamp");
create index messages_resource on messages ((sdata -> 'subject@43868' ->> 'resource'));
create index messages_role on messages ((sdata -> 'subject@43868' ->> 'role'));
`,
};
