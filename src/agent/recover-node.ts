import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { PerInstance } from '../core/failover/cluster-state.ts';
import { authorityFiles } from '../identity/authority.ts';
import { exists } from '../instance/exists.ts';
import type { LogEnd } from '../instance/log-end.ts';
import { lockDirectory } from './directory-lock.ts';
import { forgetEndpoints } from './etcd-endpoints.ts';
import { type KnownCluster, readKnownCluster, writeKnownCluster } from './known-cluster.ts';
import { type NodeLayout, nodeLayout } from './layout.ts';
import { readLocalRecord } from './local-record.ts';
import { etcdClientUrl } from './member-etcd.ts';
import { fillNewEtcd, moveEtcdAside } from './new-etcd.ts';
import { type NodeConfig, readNodeConfig, writeNodeConfig } from './node-config.ts';
import { createNodeContext } from './node-context.ts';
import { goOn } from './preflight.ts';
import {
  isWholeAlone,
  lossSentence,
  placeForEtcd,
  refused,
  requireAllLost,
  requireDatabases,
  requireRecoverable,
} from './recovery-checks.ts';
import { readRecoveryMark, type RecoveryMark, writeRecoveryMark } from './recovery-mark.ts';
import { followersKept, type RecoveryRecords, recoveryRecords } from './recovery-records.ts';

export interface RecoverOptions {
  readonly dir: string;
  /** False: nothing is done, and the refusal says what would be lost. */
  readonly acceptLoss: boolean;
  /** For a node that has had no etcd member; null otherwise. */
  readonly etcdPorts: { readonly client: number | null; readonly peer: number | null };
  /** Told what is lost, before anything is changed. */
  readonly onLoss: (sentence: string) => void;
  /** Told in one short sentence for each step that begins. */
  readonly onStep: (sentence: string) => void;
  readonly signal: AbortSignal;
}

/** What a recovery left, for the advice about what to do next. */
export interface Recovered {
  readonly name: string;
  /** False: an earlier call had done it all, and nothing was touched. */
  readonly justNow: boolean;
  /** Beside the node's `etcd`; null where there was none. */
  readonly abandoned: string | null;
  /** Nodes that may hold the old cluster still. */
  readonly lost: readonly string[];
  /** Followers that stay members, and those that have to join anew. */
  readonly followers: { readonly kept: readonly string[]; readonly anew: readonly string[] };
  readonly strict: boolean;
  /** Whether this node holds the authority's key, which joins need. */
  readonly mayIssue: boolean;
}

/**
 * Makes a stopped node the only one of its cluster, with a new etcd, when etcd has lost its majority for good: its next
 * start takes over by the ordinary rules. Interrupted anywhere, it can be run again and goes on; done, it says so.
 *
 * @throws Problem `operation_refused` while anything is left that need not be given up, and with what is lost unless
 * `acceptLoss`; `directory_in_use` while the node runs; `interrupted`; or as the rooms below do
 */
export async function recoverNode(options: RecoverOptions): Promise<Recovered> {
  const layout = nodeLayout(options.dir);
  const config = await readNodeConfig(options.dir);
  await requireRecoverable(config, layout);
  const lock = await lockDirectory(layout);
  try {
    const mark = await readRecoveryMark(layout);
    const begun = mark?.state === 'begun' ? mark : null;
    const known = begun?.known ?? (await readKnownCluster(layout));
    if (known === null) {
      throw refused(
        `${layout.state} holds no cluster.json: this node has never seen its cluster. Run it on another node`,
      );
    }
    if (begun === null && (await isWholeAlone(config, layout, known))) {
      if (mark !== null) return await result(config, layout, mark, false);
      throw refused(
        'this node runs the only member of etcd, and nothing is lost. Start it with "holdfast node"',
      );
    }
    return await recover({ options, config, layout, known, begun });
  } catch (error) {
    goOn(options.signal, 'recover'); // what fails after an interruption failed because of it
    throw error;
  } finally {
    await lock.release();
  }
}

interface Recovery {
  readonly options: RecoverOptions;
  readonly config: NodeConfig;
  readonly layout: NodeLayout;
  readonly known: KnownCluster;
  /** An earlier attempt that stopped half-way. */
  readonly begun: RecoveryMark | null;
}

async function recover({ options, config, layout, known, begun }: Recovery): Promise<Recovered> {
  const { signal } = options;
  const step = (sentence: string): void => {
    goOn(signal, 'recover');
    options.onStep(sentence);
  };
  step('Looking at the databases of this node');
  const quiet = config.logLevel === 'info' ? 'error' : config.logLevel;
  const node = await createNodeContext(options.dir, 'recover', quiet);
  const ends = await requireDatabases(node, signal);
  step('Looking for what is left of the cluster and its etcd');
  await requireAllLost(config, layout, known);
  const loss = lossSentence(config.name, known, ends);
  if (!options.acceptLoss) throw refused(`${loss} Say --accept-loss if that is what you want`);
  const addresses = await placeForEtcd(config, options.etcdPorts);
  options.onLoss(loss);
  goOn(signal, 'recover');
  const mark = begun ?? newMark(config, known);
  await writeRecoveryMark(layout, mark);
  const next: NodeConfig = {
    ...config,
    kind: 'standby',
    addresses,
    etcd: { ...config.etcd, endpoints: [etcdClientUrl(addresses) ?? ''] },
    etcdToken: mark.etcdToken,
  };
  const records = await recordsFor(next, layout, known, ends);
  step('Moving the old etcd aside');
  await moveEtcdAside(layout, mark);
  await forgetEndpoints(layout);
  step('Starting a new etcd and writing the cluster into it');
  await fillNewEtcd({ ...node, config: next }, records);
  step('Telling this node what it is');
  await writeKnownCluster(layout, {
    version: 1,
    seenAt: new Date().toISOString(),
    config: records.config,
    sync: records.sync,
    leader: null,
    history: records.history,
  });
  await writeNodeConfig(layout.dir, next);
  const done: RecoveryMark = { ...mark, state: 'done' };
  await writeRecoveryMark(layout, done);
  return result(next, layout, done, true);
}

function newMark({ cluster }: NodeConfig, known: KnownCluster): RecoveryMark {
  const begunAt = new Date().toISOString();
  return {
    state: 'begun',
    etcdToken: `${cluster}-${randomUUID()}`,
    begunAt,
    abandoned: `etcd.abandoned-${begunAt.replaceAll(/[-:]|\.\d+/gu, '')}`,
    known,
  };
}

async function recordsFor(
  { name, addresses }: NodeConfig,
  layout: NodeLayout,
  known: KnownCluster,
  { data, audit }: PerInstance<LogEnd>,
): Promise<RecoveryRecords> {
  return recoveryRecords({
    name,
    addresses,
    known,
    record: await readLocalRecord(layout),
    lsn: { data: data.lsn, audit: audit.lsn },
    timelines: { data: data.timeline, audit: audit.timeline },
  });
}

async function result(
  { name }: NodeConfig,
  layout: NodeLayout,
  { known, abandoned }: RecoveryMark,
  justNow: boolean,
): Promise<Recovered> {
  const kept = followersKept({ name, known });
  const others = known.config.members.filter((member) => member.name !== name);
  const followers = others.filter(({ kind }) => kind === 'follower');
  const aside = join(layout.dir, abandoned);
  return {
    name,
    justNow,
    abandoned: (await exists(aside)) ? aside : null,
    lost: others.filter(({ kind }) => kind !== 'follower').map((member) => member.name),
    followers: {
      kept: kept.map((member) => member.name),
      anew: followers.filter((one) => !kept.includes(one)).map((member) => member.name),
    },
    strict: known.config.strict,
    mayIssue: await exists(authorityFiles(layout.authority).keyFile),
  };
}
