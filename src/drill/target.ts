import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';
import { type DemoFacts, type DrillNetwork, networkOf } from './network/place.ts';

/** Where an API is, and what its certificate is checked against. */
export interface Endpoint {
  readonly url: string;
  readonly ca: string;
}

/** One node of the cluster under drill, as it is at the moment. */
export interface TargetNode {
  readonly name: string;
  readonly dir: string;
  readonly api: Endpoint;
  /** All processes of its present life; 0 while it is down. */
  readonly processGroup: number;
  readonly dataDir: string;
  /** Where a disk of its own is mounted; null: it shares that of the machine. */
  readonly disk: string | null;
  /** The file that says what its wall clock is ahead of the machine's; null: it shares that. */
  readonly clock: string | null;
}

/** A cluster under drill: how clients reach it, and what can be hurt. */
export interface Target {
  /** Its nodes are processes of this machine that exist to be hurt. */
  readonly isDemo: boolean;
  readonly account: string;
  readonly login: string;
  readonly apiKey: Secret<string>;
  readonly balancer: Endpoint;
  readonly followers: Endpoint | null;
  /** Null where its nodes share the machine's network. */
  readonly network: DrillNetwork | null;
  /** Read anew at each call: dead nodes are started again by whoever started them. */
  readonly nodes: () => Promise<readonly TargetNode[]>;
}

interface DemoFile extends DemoFacts {
  readonly account: string;
  readonly admin: { readonly login: string; readonly apiKey: string };
  readonly api: { readonly url: string; readonly caFile: string };
  readonly followers: { readonly url: string; readonly caFile: string } | null;
  readonly nodes: readonly (DemoFacts['nodes'][number] & {
    readonly processGroup: number;
    readonly api: string;
    readonly dataDir: string;
    readonly disk: string | null;
    readonly clock: string | null;
  })[];
}

/**
 * The demo that runs in `dir`.
 *
 * @throws Problem `directory_not_ours` where none runs
 */
export async function demoTarget(dir: string): Promise<Target> {
  const first = await readDemo(dir);
  const ca = await readFile(first.api.caFile, 'utf8');
  return {
    isDemo: true,
    account: first.account,
    login: first.admin.login,
    apiKey: new Secret(first.admin.apiKey),
    balancer: { url: first.api.url, ca },
    followers:
      first.followers === null
        ? null
        : { url: first.followers.url, ca: await readFile(first.followers.caFile, 'utf8') },
    network: first.network === null ? null : networkOf(first),
    nodes: async () =>
      (await readDemo(dir)).nodes.map(({ name, api, processGroup, dataDir, disk, clock }) => ({
        name,
        dir: join(dir, name),
        api: { url: api, ca },
        processGroup,
        dataDir,
        disk,
        clock,
      })),
  };
}

async function readDemo(dir: string): Promise<DemoFile> {
  const file = join(dir, 'demo.json');
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new Problem(
      'directory_not_ours',
      `--demo: ${file} cannot be read. Start a cluster to hurt with "npm run demo", or name the directory of one.`,
      { cause },
    );
  }
}
