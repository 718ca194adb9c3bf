import type { Migration } from './migration.ts';

/**
 * Records come in by the thousand a second and are looked for by time: a block range index (manual, chapter 71) costs an
 * insert next to nothing, where three trees cost as much as the row. A request that reads many variables leaves one row:
 * `also` holds the resources of the others and the words around each, and `all_messages` shows a row for each.
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
    jsonb_set(m.sdata, '{subject@43868,resource}', to_jsonb(a.resource)),
    concat(m.also ->> 'before', a.resource, m.also ->> 'after')
  from messages m cross join lateral jsonb_array_elements_text(m.also -> 'resources') with ordinality as a(resource, part);
`,
};
