import type { Migration } from './migration.ts';

/**
 * Who may do what, in SQL. The rules are those of `core/access/may.ts`, against which random tests hold them:
 * a role has every role it reaches upward through memberships, itself included; the owner of a resource has every
 * privilege on it; a resource is visible to its owner and to whoever has any privilege on it.
 */
export const access: Migration = {
  version: 2,
  name: 'access functions',
  sql: `
create function all_roles(role_id text, out role_id text, out admin_option boolean) returns setof record
language sql stable strict rows 20 as $$
  with recursive reached(role_id, admin_option) as (
    select $1 collate "C", true
    union
    select m.role_id, m.admin_option from reached r join role_memberships m on m.member_id = r.role_id
  )
  select role_id, bool_or(admin_option) from reached group by role_id
$$;

create function is_role_allowed_to(role_id text, privilege text, resource_id text) returns boolean
language sql stable strict as $$
  with recursive reached(role_id) as (
    select $1 collate "C"
    union
    select m.role_id from reached r join role_memberships m on m.member_id = r.role_id
  )
  select exists (
    select from resources x where x.resource_id = $3 and (
      x.owner_id in (select role_id from reached)
      or exists (select from permissions p
                 where p.resource_id = $3 and p.privilege = $2 and p.role_id in (select role_id from reached))))
$$;

create function is_resource_visible(resource_id text, role_id text) returns boolean
language sql stable strict as $$
  with recursive reached(role_id) as (
    select $2 collate "C"
    union
    select m.role_id from reached r join role_memberships m on m.member_id = r.role_id
  )
  select exists (
    select from resources x where x.resource_id = $1 and (
      x.owner_id in (select role_id from reached)
      or exists (select from permissions p where p.resource_id = $1 and p.role_id in (select role_id from reached))))
$$;

create function visible_resources(role_id text) returns setof resources
language sql stable strict as $$
  with recursive reached(role_id) as (
    select $1 collate "C"
    union
    select m.role_id from reached r join role_memberships m on m.member_id = r.role_id
  )
  select x.* from resources x
  where x.owner_id in (select role_id from reached)
     or x.resource_id in (select p.resource_id from permissions p where p.role_id in (select role_id from reached))
$$;

create function is_role_ancestor_of(role_id text, other_id text) returns boolean
language sql stable strict as $$
  with recursive reached(role_id) as (
    select $2 collate "C"
    union
    select m.role_id from reached r join role_memberships m on m.member_id = r.role_id
  )
  select exists (select from reached where role_id = $1)
$$;

create function roles_that_can(privilege text, resource_id text) returns setof roles
language sql stable strict as $$
  with recursive holders(role_id) as (
    select x.owner_id from resources x where x.resource_id = $2
    union
    select p.role_id from permissions p where p.resource_id = $2 and p.privilege = $1
  ), reached(role_id) as (
    select role_id from holders
    union
    select m.member_id from reached r join role_memberships m on m.role_id = r.role_id
  )
  select x.* from roles x where x.role_id in (select role_id from reached)
$$;
`,
};
