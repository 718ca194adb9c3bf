import type { Migration } from './migration.ts';

/**
 * The text search of `data-003`, refreshed once for each statement instead of once for each row: a policy of 20,000
 * variables with two annotations each took 15 seconds longer otherwise. Of annotations only so much is indexed as a
 * tsvector can take (1 MB: manual, 12.11), where longer ones failed.
 *
 * A transaction that sets `holdfast.search_later` to `on` calls `refresh_textsearch` itself, once for all it has changed.
 */
export const searchByStatement: Migration = {
  version: 5,
  name: 'text search by statement',
  sql: `
drop trigger resources_textsearch on resources;
drop trigger annotations_textsearch on annotations;
drop function textsearch_trigger();
drop function refresh_textsearch(text);

create function refresh_textsearch(ids jsonb) returns void language sql as $$
  insert into resources_textsearch (resource_id, textsearch)
  select x.resource_id,
    setweight(to_tsvector('pg_catalog.english', translate(identifier(x.resource_id), './-', '   ')), 'A')
    || setweight(to_tsvector('pg_catalog.english', coalesce(n.own, '')), 'A')
    || setweight(to_tsvector('pg_catalog.english', coalesce(n.other, '')), 'B')
    || setweight(to_tsvector('pg_catalog.english', kind(x.resource_id)), 'C')
  from (select distinct value collate "C" as resource_id from jsonb_array_elements_text(ids)) c
  join resources x on x.resource_id = c.resource_id
  cross join lateral (
    select left(string_agg(translate(a.value, './-', '   '), ' ') filter (where a.name = 'name'), 100000) as own,
      left(string_agg(translate(a.value, './-', '   '), ' ') filter (where a.name <> 'name'), 100000) as other
    from annotations a where a.resource_id = x.resource_id) n
  on conflict (resource_id) do update set textsearch = excluded.textsearch
$$;

create function textsearch_statement() returns trigger language plpgsql as $$
begin
  if current_setting('holdfast.search_later', true) is distinct from 'on' then
    perform refresh_textsearch((select jsonb_agg(distinct resource_id) from changed));
  end if;
  return null;
end $$;

create trigger resources_textsearch after insert on resources
  referencing new table as changed for each statement execute function textsearch_statement();
create trigger annotations_textsearch_insert after insert on annotations
  referencing new table as changed for each statement execute function textsearch_statement();
create trigger annotations_textsearch_update after update on annotations
  referencing new table as changed for each statement execute function textsearch_statement();
create trigger annotations_textsearch_delete after delete on annotations
  referencing old table as changed for each statement execute function textsearch_statement();
`,
};
