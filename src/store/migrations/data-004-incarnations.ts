import type { Migration } from './migration.ts';

/**
 * What lets callers be remembered without ever being believed too long:
 *
 * - `incarnation` tells a role from a later one of the same name: a token carries it and dies with its role.
 * - `rbac_epoch` changes with every transaction that changes roles or memberships, visible in the same instant as the
 *   change. Whoever reads it in the same statement as the data knows whether a remembered closure still holds. The row is
 *   written last, when the transaction commits (a deferred trigger on one row a transaction), so that loads of minutes
 *   hold up nobody.
 */
export const incarnations: Migration = {
  version: 4,
  name: 'incarnations of roles, epoch of memberships',
  sql: `
alter table roles add column incarnation uuid not null default gen_random_uuid();

create table rbac_epoch (one boolean primary key default true check (one), epoch bigint not null) with (fillfactor = 10);
insert into rbac_epoch (epoch) values (1);

create table rbac_touched (xid xid8 primary key) with (fillfactor = 10);

create function touch_rbac() returns trigger language plpgsql as $$
begin
  insert into rbac_touched (xid) values (pg_current_xact_id()) on conflict do nothing;
  return null;
end $$;
create trigger roles_epoch before insert or update or delete or truncate on roles
  for each statement execute function touch_rbac();
create trigger role_memberships_epoch before insert or update or delete or truncate on role_memberships
  for each statement execute function touch_rbac();

create function next_rbac_epoch() returns trigger language plpgsql as $$
begin
  delete from rbac_touched where xid = new.xid;
  update rbac_epoch set epoch = epoch + 1;
  return null;
end $$;
create constraint trigger rbac_touched_epoch after insert on rbac_touched
  deferrable initially deferred for each row execute function next_rbac_epoch();
`,
};
