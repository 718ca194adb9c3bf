import type { ClusterClient } from '../../agent/cluster-client.ts';
import type { ClusterStatus } from '../../agent/operations.ts';
import type { AcceptedLoss } from '../../core/drill/history.ts';
import type { Random } from '../../core/random.ts';
import type { Written } from '../clients/clients.ts';
import type { RoundLog } from '../clients/log.ts';
import type { DrillClock } from '../clock.ts';
import type { Target, TargetNode } from '../target.ts';

/** What a fault may use. */
export interface Scene {
  readonly target: Target;
  readonly cluster: ClusterClient;
  /** As it was when the round began: whole. */
  readonly status: ClusterStatus;
  /** What clients and probes of this round see. */
  readonly log: RoundLog;
  /** For clients that are themselves the fault. */
  readonly clients: {
    readonly clock: DrillClock;
    readonly token: string;
    readonly written: Written;
    /** The keys of each writer that the fault asked for. */
    readonly keys: readonly (readonly string[])[];
  };
  /** What it leaves to chance: the same for the same seed, fault and round. */
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** A fault that has been made. */
export interface Struck {
  /** Names of nodes, the master first where it is one; may grow until it is in effect. */
  readonly targets: readonly string[];
  /** Resolves once it is seen to be in effect; false when that did not come. */
  readonly takesEffect: () => Promise<boolean>;
  /** It concerns nobody for whom the master would have to be replaced. */
  readonly keepsMaster?: boolean;
  /** What an operator accepted to lose meanwhile; asked for when the fault is over. Absent: nothing. */
  readonly acceptedLoss?: () => AcceptedLoss | null;
  /** Puts back what it did. May be called more than once, and when it is half done. */
  readonly undo: () => Promise<void>;
  /** Looked at after it was undone, where only then it shows: false makes it one without effect. */
  readonly hadEffect?: () => Promise<boolean>;
}

/** Something that happens to a cluster. */
export interface Fault {
  readonly name: string;
  /** For `--list`: what is done, in a line. */
  readonly about: string;
  /** How long it is left in effect before it is undone, in ttls of the cluster; 0: there is nothing to wait for. */
  readonly lastsTtls: number;
  /** Another master after it would be one too many. Absent: that is for `strike` to say. */
  readonly keepsMaster?: true;
  /** At least so long, whatever the ttl. Milliseconds. */
  readonly lastsMs?: number;
  /** How many writers of its own it brings, each with keys that nobody else writes. */
  readonly writers?: number;
  /** It takes no hands on the machines of the nodes, so that a cluster elsewhere can be drilled with it too. */
  readonly anywhere?: true;
  /** Why it cannot be made in this cluster, on this machine; null: it can. Absent: it can everywhere. */
  readonly hindrance?: (target: Target) => Promise<string | null>;
  readonly strike: (scene: Scene) => Promise<Struck>;
}

/** The node of that name now. @throws Error when the cluster has none: the demo was changed under the drill */
export async function nodeNamed(target: Target, name: string | null): Promise<TargetNode> {
  const node = (await target.nodes()).find((each) => each.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node;
}
