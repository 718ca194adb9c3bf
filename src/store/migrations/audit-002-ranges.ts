import type { Migration } from './migration.ts';

/**
 * Records come in by the thousand a second and are looked for by time: a block range index (manual, chapter 71) costs an
 * insert next to nothing, where three trees cost as much as the row. A request that reads many variables leaves one row:
 * `also` holds what differs in the records of the others, and `all_messages` shows each as a row of its own.
 */
export const ranges: Migration = {
  version: 2,
  name: 'ranges of time, several records in a row',
  sql: `
drop index messages_timestamp, messages_resource, messages_role;
create index messages_timestamp_range on messages using brin ("timestamp") with (pages_per_range = 32);
alter table messages add column also jsonb;

create view all_messages as
  select id, 0 as part, facility, severity, "timestamp", hostname, appname, procid, msgid, sdata, message from messages
  union all
  select m.id, a.part::int, m.facility, m.severity, m."timestamp", m.hostname, m.appname, m.procid, m.msgid,
    jsonb_set(m.sdata, '{subject@43868,resource}', a.record -> 'resource'), a.record ->> 'message'
  from messages m cross join lateral jsonb_array_elements(m.also) with ordinality as a(record, part);
`,
};
