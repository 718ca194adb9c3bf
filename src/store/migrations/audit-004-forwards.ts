import type { Migration } from './migration.ts';

/**
 * How far each target of forwarded records has the trail: of each chain the last number, and an id below which nothing is left
 * to send, so that who looks for the rest need not begin at the first row.
 */
export const forwards: Migration = {
  version: 4,
  name: 'forwards',
  sql: `
create table forwards (
  target text not null,
  chain integer not null,
  seq bigint not null,
  primary key (target, chain)
) with (fillfactor = 50);

create table forward_targets (
  target text primary key,
  after_id bigint not null
) with (fillfactor = 50);
`,
};
