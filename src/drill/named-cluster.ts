import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { describeError, Problem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';
import { catalogue } from './faults/catalogue.ts';
import type { Endpoint, Target, TargetNode } from './target.ts';

/**
 * A cluster that is no demo: what clients need to reach it and its nodes, from a file in the shape of a demo's `demo.json`
 * (account, api, followers, admin, and of each node name and api; the rest is not looked at). Certificates are found from
 * the file's own directory.
 *
 * @param isMeant that the user has said, in so many words, that the cluster may be hurt
 * @throws Problem `usage` where it was not said; `config_invalid` that names the field
 */
export async function namedTarget(file: string, isMeant: boolean): Promise<Target> {
  const facts = await readFacts(file);
  if (!isMeant) throw notMeant(facts.text('api.url'));
  const balancer = await endpoint(facts, 'api');
  const nodes = nodesOf(facts, balancer.ca);
  return {
    isDemo: false,
    account: facts.text('account'),
    login: facts.text('admin.login'),
    apiKey: new Secret(facts.text('admin.apiKey')),
    balancer,
    followers: facts.has('followers') ? await endpoint(facts, 'followers') : null,
    network: null,
    nodes: async () => nodes,
  };
}

function notMeant(url: string): Problem {
  const possible = catalogue.filter(({ anywhere }) => anywhere).map(({ name }) => name);
  return new Problem(
    'usage',
    `--cluster: a drill hurts ${url} on purpose, and its clients with it. Where nobody needs what is there, say so with --yes-this-is-not-production. What can be made there: ${possible.join(', ')}. All else kills, stops or cuts off processes of the nodes, which takes the demo (--demo).`,
  );
}

/** A file's fields, by their paths. */
interface Facts {
  readonly file: string;
  readonly value: unknown;
  readonly has: (path: string) => boolean;
  /** @throws Problem `config_invalid` */
  readonly text: (path: string) => string;
}

async function readFacts(file: string): Promise<Facts> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new Problem('config_invalid', `--cluster: ${file} cannot be read: ${describeError(cause)}.`, {
      cause,
    });
  }
  const at = (path: string): unknown => path.split('.').reduce<unknown>(fieldOf, value);
  return {
    file,
    value,
    has: (path) => (at(path) ?? null) !== null,
    text: (path) => {
      const found = at(path);
      if (typeof found === 'string' && found !== '') return found;
      throw invalid(file, path, 'must be a text');
    },
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

async function endpoint(facts: Facts, field: 'api' | 'followers'): Promise<Endpoint> {
  const url = httpsUrl(facts, `${field}.url`);
  const caFile = resolve(dirname(facts.file), facts.text(`${field}.caFile`));
  try {
    return { url, ca: await readFile(caFile, 'utf8') };
  } catch (error) {
    throw invalid(facts.file, `${field}.caFile`, `cannot be read: ${describeError(error)}`);
  }
}

function nodesOf(facts: Facts, ca: string): readonly TargetNode[] {
  const listed = fieldOf(facts.value, 'nodes');
  if (!Array.isArray(listed) || listed.length === 0)
    throw invalid(facts.file, 'nodes', 'must list the nodes');
  return listed.map((_, at) => ({
    name: facts.text(`nodes.${at}.name`),
    api: { url: httpsUrl(facts, `nodes.${at}.api`), ca },
    dir: '',
    dataDir: '',
    processGroup: 0,
    disk: null,
    clock: null,
  }));
}

function httpsUrl(facts: Facts, path: string): string {
  const text = facts.text(path);
  if (URL.canParse(text) && new URL(text).protocol === 'https:') return text;
  throw invalid(facts.file, path, 'must be written as https://host[:port]');
}

function invalid(file: string, path: string, why: string): Problem {
  return new Problem('config_invalid', `--cluster: in ${file}, "${path}" ${why}.`);
}
