import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { apiSettingDocs, readApiSettings } from '../core/api-settings-read.ts';
import { describeError, Problem } from '../core/problem.ts';

/** What the demo was asked for; null where nothing was said. */
export interface DemoArguments {
  readonly dir: string;
  readonly port: number | null;
  readonly ttlSeconds: number | null;
  readonly standbys: number | null;
  readonly followers: number | null;
  /** Milliseconds until a dead node is started again; null: never. */
  readonly respawnMs: number | null;
  /** Each node in a network namespace of its own. */
  readonly namespaces: boolean;
  /** Megabytes of the disk that each node gets for itself; null: nothing was said. */
  readonly diskMegabytes: number | null;
  /** Each node with a wall clock of its own. */
  readonly fakeClocks: boolean;
  /** Settings of the API, as every node finds them in its environment. */
  readonly settings: Readonly<Record<string, string>>;
  readonly detach: boolean;
  readonly fresh: boolean;
  readonly stop: boolean;
  readonly help: boolean;
}

export const usage: string = `npm run demo -- [options]

Runs a whole cluster on this machine: a master, standbys, followers, etcd and HAProxy, all on loopback.

  --dir DIR          where it lives (${defaultDir()})
  --port BASE        it uses the ports BASE to BASE+99 (8400)
  --ttl SECONDS      how long the cluster waits for a silent master (5; from 2)
  --standbys N       nodes that can take over (2)
  --followers N      nodes that serve reads (1)
  --respawn SECONDS  start a dead node again after so long; "off": never (1)
  --namespaces       each node in a network namespace with an address of its own (root on Linux)
  --small-disks MB   each node on a disk of its own, in memory, which goes with the demo (root on Linux; from 512)
  --fake-clocks      each node with a wall clock that can be put wrong (needs Debian's package faketime)
  --set NAME=VALUE   a setting of the API for every node (docs/api-settings.md); may be given again
  --detach           return once it is ready; it goes on in the background
  --fresh            wipe what an earlier demo left in DIR, and begin anew
  --stop             stop the demo that runs in DIR
  --help             this text

Run again on the same directory, it starts the same cluster with everything in it.`;

/** @throws Problem `usage` that names the option */
export function readArguments(words: readonly string[], dirByDefault: string = defaultDir()): DemoArguments {
  const given = parse(words);
  const integer = (
    name: 'port' | 'ttl' | 'standbys' | 'followers' | 'small-disks',
    least: number,
    most: number,
  ): number | null => {
    const text = given[name];
    if (text === undefined) return null;
    const value = /^\d{1,6}$/u.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new Problem('usage', `--${name}: "${text}" is not a whole number between ${least} and ${most}.`);
  };
  return {
    dir: resolve(given.dir ?? dirByDefault),
    port: integer('port', 1, 65_436),
    ttlSeconds: integer('ttl', 2, 300),
    standbys: integer('standbys', 0, 8),
    followers: integer('followers', 0, 8),
    respawnMs: respawn(given.respawn ?? '1'),
    namespaces: given.namespaces ?? false,
    diskMegabytes: integer('small-disks', 512, 65_536),
    fakeClocks: given['fake-clocks'] ?? false,
    settings: settingsOf(given.set ?? []),
    detach: given.detach ?? false,
    fresh: given.fresh ?? false,
    stop: given.stop ?? false,
    help: given.help ?? false,
  };
}

/** What was written, as text; nothing is converted yet. */
function parse(words: readonly string[]): ReturnType<typeof parseWords> {
  try {
    return parseWords(words);
  } catch (error) {
    const [sentence = ''] = describeError(error).split('. ');
    throw new Problem('usage', `${sentence.replace(/\.$/u, '')}. See: npm run demo -- --help`, {
      cause: error,
    });
  }
}

interface Words {
  readonly dir?: string;
  readonly port?: string;
  readonly ttl?: string;
  readonly standbys?: string;
  readonly followers?: string;
  readonly respawn?: string;
  readonly namespaces?: boolean;
  readonly 'small-disks'?: string;
  readonly 'fake-clocks'?: boolean;
  readonly set?: readonly string[];
  readonly detach?: boolean;
  readonly fresh?: boolean;
  readonly stop?: boolean;
  readonly help?: boolean;
}

function parseWords(words: readonly string[]): Words {
  const { values } = parseArgs({
    args: [...words],
    strict: true,
    allowPositionals: false,
    options: {
      dir: { type: 'string' },
      port: { type: 'string' },
      ttl: { type: 'string' },
      standbys: { type: 'string' },
      followers: { type: 'string' },
      respawn: { type: 'string' },
      namespaces: { type: 'boolean' },
      'small-disks': { type: 'string' },
      'fake-clocks': { type: 'boolean' },
      set: { type: 'string', multiple: true },
      detach: { type: 'boolean' },
      fresh: { type: 'boolean' },
      stop: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  return values;
}

function settingsOf(given: readonly string[]): Readonly<Record<string, string>> {
  const settings = Object.fromEntries(given.map(settingOf));
  const reading = readApiSettings(settings);
  if (!reading.ok) throw new Problem('usage', `--set: ${reading.faults.join('; ')}.`);
  return settings;
}

function settingOf(text: string): readonly [string, string] {
  const [name = '', ...value] = text.split('=');
  if (value.length > 0 && apiSettingDocs.some((doc) => doc.name === name)) return [name, value.join('=')];
  throw new Problem(
    'usage',
    `--set: "${name}" is no setting of docs/api-settings.md with a "=" and a value.`,
  );
}

function respawn(text: string): number | null {
  if (text === 'off') return null;
  const seconds = /^\d{1,4}(?:\.\d{1,3})?$/u.test(text) ? Number(text) : Number.NaN;
  if (seconds <= 3600) return Math.round(seconds * 1000);
  throw new Problem('usage', `--respawn: "${text}" is neither a number of seconds up to 3600 nor "off".`);
}

function defaultDir(): string {
  return process.getuid?.() === 0 ? '/var/lib/holdfast-demo' : join(homedir(), '.local/share/holdfast-demo');
}
