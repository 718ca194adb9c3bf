import type { Migration } from './migration.ts';

/**
 * Conjur's tables. What differs, and why:
 * - Ids have collation "C". Their order and their indexes then depend on no C library: a copy of the database on another
 *   machine (streaming replication) cannot come to disagree with its own indexes. Prefix searches use the primary key.
 * - Ownership memberships are rows that the policy planner writes; there are no triggers to hold in mind.
 * - `policy_versions.role_id` is no reference: deleting who loaded a policy must not delete its history.
 */
export const rows: Migration = {
  version: 1,
  name: 'roles, resources, memberships, permissions, annotations, credentials, secrets, policy versions, keys',
  sql: `
create function account(id text) returns text language sql immutable strict parallel safe
  as $$ select split_part($1, ':', 1) $$;
create function kind(id text) returns text language sql immutable strict parallel safe
  as $$ select split_part($1, ':', 2) $$;
create function identifier(id text) returns text language sql immutable strict parallel safe
  as $$ select substr($1, length(split_part($1, ':', 1)) + length(split_part($1, ':', 2)) + 3) $$;

create table roles (
  role_id text collate "C" primary key check (length(identifier(role_id)) > 0),
  created_at timestamptz not null default transaction_timestamp(),
  policy_id text collate "C" check (kind(policy_id) = 'policy')
);

create table resources (
  resource_id text collate "C" primary key check (length(identifier(resource_id)) > 0),
  owner_id text collate "C" not null references roles on delete cascade,
  created_at timestamptz not null default transaction_timestamp(),
  policy_id text collate "C" references resources on delete cascade check (kind(policy_id) = 'policy')
);
alter table roles add foreign key (policy_id) references resources on delete cascade;

create table role_memberships (
  role_id text collate "C" not null references roles on delete cascade,
  member_id text collate "C" not null references roles on delete cascade,
  admin_option boolean not null,
  ownership boolean not null,
  policy_id text collate "C" references resources on delete cascade,
  primary key (role_id, member_id, ownership)
);

create table permissions (
  privilege text collate "C" not null,
  resource_id text collate "C" not null references resources on delete cascade,
  role_id text collate "C" not null references roles on delete cascade,
  policy_id text collate "C" references resources on delete cascade,
  primary key (resource_id, role_id, privilege)
);

create table annotations (
  resource_id text collate "C" not null references resources on delete cascade,
  name text collate "C" not null,
  value text not null,
  policy_id text collate "C" references resources on delete cascade,
  primary key (resource_id, name)
);

create table credentials (
  role_id text collate "C" primary key references roles on delete cascade,
  api_key bytea,
  encrypted_hash bytea,
  expiration timestamptz,
  restricted_to cidr[] not null default '{}',
  updated_at timestamptz not null default transaction_timestamp()
);

create table secrets (
  resource_id text collate "C" not null references resources on delete cascade,
  version integer not null,
  value bytea not null,
  expires_at timestamptz,
  primary key (resource_id, version)
);

create table policy_versions (
  resource_id text collate "C" not null references resources on delete cascade,
  version integer not null,
  role_id text collate "C" not null,
  created_at timestamptz not null default transaction_timestamp(),
  policy_text text not null,
  policy_sha256 text not null,
  finished_at timestamptz,
  client_ip inet,
  primary key (resource_id, version)
);

create table slosilo_keystore (
  id text collate "C" primary key,
  key bytea not null,
  fingerprint text not null unique
);

-- upward walks (member -> role), ownership, and the rows of one policy
create index role_memberships_member on role_memberships (member_id, role_id);
create index resources_owner on resources (owner_id);
create index permissions_role on permissions (role_id, resource_id);
create index roles_policy on roles (policy_id);
create index resources_policy on resources (policy_id);
create index role_memberships_policy on role_memberships (policy_id);
create index permissions_policy on permissions (policy_id);
create index annotations_policy on annotations (policy_id);
`,
};
