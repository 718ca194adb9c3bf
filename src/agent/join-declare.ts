import type { ClusterStore, StoreEntry, Write } from '../core/coordination/cluster-store.ts';
import type { ClusterConfig, DeclaredMember } from '../core/failover/cluster-state.ts';
import { decodeRecord, encodeRecord } from '../core/failover/codec.ts';
import type { ClusterKeys } from '../core/failover/keys.ts';
import { isProblem, Problem } from '../core/problem.ts';
import type { JoinToken } from '../identity/join-token.ts';
import { judgeToken, publicKeyHash, readToken, type StoredToken, tokenRefused } from './join-tokens.ts';

const callMs = 3000;
const attempts = 10;

export interface Declaration {
  readonly token: JoinToken;
  readonly member: DeclaredMember;
  readonly publicKeyPem: string;
}

/**
 * Uses up the token and declares the member, in one transaction: of two machines with one token, or one name, exactly one
 * gets in. Asked again by the same machine, it changes nothing.
 *
 * @throws Problem `join_refused`, `member_exists`, or as the store's calls do
 */
export async function declareNewcomer(
  { store, keys }: { readonly store: ClusterStore; readonly keys: ClusterKeys },
  declaration: Declaration,
): Promise<void> {
  const { token, member, publicKeyPem } = declaration;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = await readToken(store, keys, token.id);
    const config = await readConfig(store, keys);
    const newcomer = { name: member.name, publicKeyPem };
    const verdict = judgeToken(token, found?.record ?? null, newcomer, Date.now());
    const declared = config.value.members.find(({ name }) => name === member.name);
    const again = verdict === 'again' && declared !== undefined;
    if (again && sameRecord(declared, member)) return;
    if (!again && verdict !== 'ok') {
      throw tokenRefused(verdict === 'again' ? 'used' : verdict, found?.record ?? null); // removed since, or never let in
    }
    if (found === null) throw tokenRefused('unknown', null);
    const others = config.value.members.filter((one) => !again || one !== declared);
    assertPlace(others, member);
    const used: StoredToken = {
      ...found.record,
      usedBy: member.name,
      usedByKey: publicKeyHash(publicKeyPem),
    };
    const next: ClusterConfig = { ...config.value, members: [...others, member] };
    const { key, lease, modRevision } = found.entry;
    const writes: readonly Write[] = [
      { kind: 'put', key, value: encodeRecord(used), ...(lease === null ? {} : { lease }) },
      { kind: 'put', key: keys.config, value: encodeRecord(next) },
    ];
    try {
      const { succeeded } = await store.txn(
        [
          { key, target: 'mod', equals: modRevision },
          { key: keys.config, target: 'mod', equals: config.entry.modRevision },
        ],
        writes,
        { timeoutMs: callMs },
      );
      if (succeeded) return;
    } catch (error) {
      // It may have been done: the next look tells, since the token then names this machine.
      if (!isProblem(error, 'store_unanswered')) throw error;
    }
  }
  throw new Problem(
    'server_busy',
    'The cluster is changed by others again and again. Try again in a moment.',
  );
}

/** @throws Problem `member_exists` when the name or an address belongs to somebody else already */
function assertPlace(others: readonly DeclaredMember[], member: DeclaredMember): void {
  const { name, addresses } = member;
  const remove = `If that machine is gone for good, run "holdfast member remove`;
  for (const other of others) {
    if (other.name === name) {
      throw new Problem(
        'member_exists',
        `--name: the cluster has a node ${name} already, at ${other.addresses.host}. Choose another name. ${remove} ${name}" first.`,
      );
    }
    // A certificate for another's name would let this node speak for it.
    if (addresses.host === other.name || other.addresses.host === name) {
      throw new Problem(
        'member_exists',
        `--host: ${addresses.host} and the node ${other.name} share a name. Rename one.`,
      );
    }
    if (addresses.host === other.addresses.host && addresses.agent === other.addresses.agent) {
      throw new Problem(
        'member_exists',
        `--host, --agent-port: ${addresses.host}:${addresses.agent} belongs to the node ${other.name}. ${remove} ${other.name}" first.`,
      );
    }
  }
}

/** Compared as they are stored; both come from the same code, in the same order of fields. */
function sameRecord(a: object, b: object): boolean {
  return encodeRecord(a) === encodeRecord(b);
}

export async function readConfig(
  store: ClusterStore,
  keys: ClusterKeys,
): Promise<{ readonly entry: StoreEntry; readonly value: ClusterConfig }> {
  const { entries } = await store.read(keys.config, { timeoutMs: callMs });
  const entry = entries.find(({ key }) => key === keys.config);
  const value = entry === undefined ? null : decodeRecord<ClusterConfig>(entry.value);
  if (entry !== undefined && value !== null) return { entry, value };
  throw new Problem(
    'cluster_missing',
    `etcd holds no cluster under ${keys.prefix}. Was it made by "holdfast init"?`,
  );
}
