import type { Migration } from './migration.ts';

/**
 * Records are linked (`core/audit/chain.ts`): `chains` has a row for each writer, with the place where it stands, and each
 * record its number and hash. And they lie in segments, tables that can be thrown away as a whole: whoever writes, writes to the
 * newest. What was there before has no links, and is segment 0.
 */
export const chains: Migration = {
  version: 3,
  name: 'chains and segments',
  sql: `
create table chains (
  id integer generated always as identity primary key,
  node text not null,
  chain text not null,
  opened_at timestamptz not null default now(),
  before_chain text,
  before_seq bigint,
  before_hash bytea,
  opening bytea not null,
  seq bigint not null default 0,
  hash bytea not null,
  -- its records have higher ids
  after_id bigint not null,
  -- its last record that was thrown away
  pruned_seq bigint,
  pruned_hash bytea,
  unique (node, chain)
) with (fillfactor = 50);

-- places of chains that nodes have signed for
create table signers (
  id integer generated always as identity primary key,
  certificate text not null,
  fingerprint bytea not null unique
);
create table checkpoints (
  chain integer not null references chains,
  seq bigint not null,
  hash bytea not null,
  signed_at timestamptz not null,
  signature bytea not null,
  signer integer not null references signers,
  primary key (chain, seq)
);

create table segments (
  number integer primary key,
  opened_at timestamptz not null default now()
);
insert into segments values (0), (1);

drop view all_messages;
alter table messages rename to messages_0;
alter table messages_0 drop constraint messages_pkey;
alter table messages_0 alter column id drop identity;
alter table messages_0 add column segment integer not null default 0,
  add column chain integer, add column seq bigint, add column hash bytea;
alter index messages_timestamp_range rename to messages_0_timestamp_range;
create index messages_0_id on messages_0 (id);

create sequence messages_ids;
select setval('messages_ids', coalesce((select max(id) from messages_0), 0) + 1, false);
create table messages (
  id bigint not null default nextval('messages_ids'),
  facility integer not null,
  severity integer not null,
  "timestamp" timestamptz not null,
  hostname text,
  appname text,
  procid text,
  msgid text,
  sdata jsonb not null default '{}',
  message text not null,
  also jsonb,
  segment integer not null,
  chain integer,
  seq bigint,
  hash bytea
) partition by list (segment);
create index messages_id on messages (id);
create index messages_timestamp_range on messages using brin ("timestamp") with (pages_per_range = 32);
alter table messages attach partition messages_0 for values in (0);
create table messages_1 partition of messages for values in (1);

create view all_messages as
  select id, 0 as part, facility, severity, "timestamp", hostname, appname, procid, msgid, sdata, message, segment, chain, seq
  from messages
  union all
  select m.id, a.part::int, m.facility, m.severity, m."timestamp", m.hostname, m.appname, m.procid, m.msgid,
    jsonb_set(m.sdata, '{subject@43868,resource}', to_jsonb(a.resource)),
    concat(m.also ->> 'before', a.resource, m.also ->> 'after'), m.segment, m.chain, m.seq
  from messages m cross join lateral jsonb_array_elements_text(m.also -> 'resources') with ordinality as a(resource, part);
`,
};
