import type { Migration } from './migration.ts';

/** Full-text search of resources: the identifier and the annotation `name` weigh most, then other annotations, then the kind. */
export const search: Migration = {
  version: 3,
  name: 'text search',
  sql: `
create table resources_textsearch (
  resource_id text collate "C" primary key references resources on delete cascade,
  textsearch tsvector not null
);
create index resources_textsearch_index on resources_textsearch using gin (textsearch);

create function refresh_textsearch(resource_id text) returns void language sql as $$
  insert into resources_textsearch (resource_id, textsearch)
  select x.resource_id,
    setweight(to_tsvector('pg_catalog.english', translate(identifier(x.resource_id), './-', '   ')), 'A')
    || setweight(to_tsvector('pg_catalog.english', coalesce(
         (select string_agg(translate(a.value, './-', '   '), ' ') from annotations a
          where a.resource_id = x.resource_id and a.name = 'name'), '')), 'A')
    || setweight(to_tsvector('pg_catalog.english', coalesce(
         (select string_agg(translate(a.value, './-', '   '), ' ') from annotations a
          where a.resource_id = x.resource_id and a.name <> 'name'), '')), 'B')
    || setweight(to_tsvector('pg_catalog.english', kind(x.resource_id)), 'C')
  from resources x where x.resource_id = $1
  on conflict (resource_id) do update set textsearch = excluded.textsearch
$$;

create function textsearch_trigger() returns trigger language plpgsql as $$
begin
  perform refresh_textsearch(coalesce(new.resource_id, old.resource_id));
  return null;
end $$;

create trigger resources_textsearch after insert on resources
  for each row execute function textsearch_trigger();
create trigger annotations_textsearch after insert or update or delete on annotations
  for each row execute function textsearch_trigger();
`,
};
