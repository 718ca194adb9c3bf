import { parseDocument } from 'yaml';
import { type RemovalRules, removalPolicies } from '../../core/sync/rules.ts';
import type { SyncConfig, TargetConfig } from './config.ts';
import { type Faults, type Fields, fieldsOf } from './fields.ts';
import { readElection } from './read-election.ts';
import { readHttp } from './read-http.ts';
import { readSource } from './read-source.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/**
 * A configuration from the text of its YAML file, or everything that is wrong with it, one sentence each.
 *
 * @param directory from which paths in it count
 */
export function readConfig(
  text: string,
  directory: string,
):
  | { readonly ok: true; readonly config: SyncConfig }
  | { readonly ok: false; readonly faults: readonly string[] } {
  const read = readYaml(text);
  if (!read.ok) return read;
  if (read.value !== null && (typeof read.value !== 'object' || Array.isArray(read.value)))
    return { ok: false, faults: ['The file must be a mapping of names and values.'] };
  const faults: Faults = [];
  const fields = fieldsOf(read.value, '', directory, faults);
  const config: SyncConfig = {
    vault: fields.text('vault'),
    branch: fields.branch('branch', 'root'),
    target: readTarget(fields.part('target')),
    source: readSource(fields.part('source')),
    removal: readRemoval(fields.optionalPart('removal')),
    drift: fields.oneOf('drift', ['repair', 'report'], 'repair'),
    everyMs: fields.duration('every', 1000, 24 * hourMs, 5 * minuteMs),
    fullCheckEveryMs: fields.duration('fullCheckEvery', minuteMs, 30 * 24 * hourMs, 24 * hourMs),
    stateDirectory: fields.file('stateDirectory'),
    concurrency: fields.whole('concurrency', 1, 128, 24),
    election: fields.names('election') ? readElection(fields.optionalPart('election')) : null,
    http: fields.names('http') ? readHttp(fields.optionalPart('http')) : null,
  };
  fields.end();
  return faults.length === 0 ? { ok: true, config } : { ok: false, faults };
}

/** A tag that is not known (`!env`), or an alias without its anchor, would be read as something that nobody meant. */
function readYaml(
  text: string,
):
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly faults: readonly string[] } {
  const document = parseDocument(text, { prettyErrors: true });
  const wrong = [...document.errors, ...document.warnings];
  if (wrong.length > 0) return { ok: false, faults: wrong.map(({ message }) => firstLine(message)) };
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return { ok: false, faults: [`${firstLine(error.message).replace(/\.?$/u, '')}; write the value out.`] };
  }
}

function readAccount(fields: Fields): string {
  const account = fields.text('account');
  if (account.includes(':')) fields.fault('account', `"${account}" must not have a colon.`);
  return account;
}

function readTarget(fields: Fields): TargetConfig {
  const target = {
    url: fields.url('url'),
    account: readAccount(fields),
    caFile: fields.optionalFile('caFile'),
    login: fields.text('login'),
    apiKeyFile: fields.file('apiKeyFile'),
  };
  fields.end();
  return target;
}

function readRemoval(fields: Fields): RemovalRules {
  const removal: RemovalRules = {
    policy: fields.oneOf('policy', removalPolicies, 'retain'),
    most: fields.whole('most', 0, 1_000_000, 500),
    mostPercent: fields.whole('mostPercent', 0, 100, 10),
  };
  fields.end();
  return removal;
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.replace(/:$/u, '.') ?? message;
}
