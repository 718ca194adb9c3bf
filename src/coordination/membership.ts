import { Problem, isProblem } from '../core/problem.ts';
import type { EtcdGateway } from './etcd-gateway.ts';
import { asBoolean, asId, asInteger, asList, asObject, asText, type Json, requireId } from './etcd-wire.ts';

/** A member of the etcd cluster. Ids are hexadecimal, as `etcdctl` and etcd's log write them. */
export interface EtcdMember {
  readonly id: string;
  /** Empty until the member has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  /** Empty until the member has started for the first time. */
  readonly clientUrls: readonly string[];
  readonly learner: boolean;
}

export interface EtcdStatus {
  readonly memberId: string;
  /** Null while the member knows no leader. */
  readonly leaderId: string | null;
  readonly raftTerm: number;
  readonly version: string;
  readonly dbSizeBytes: number;
  readonly learner: boolean;
  /** What etcd says is wrong with it: no leader, an alarm (no space, corruption). */
  readonly errors: readonly string[];
}

interface Bounds {
  readonly timeoutMs: number;
}

/** Who belongs to the etcd cluster, and who leads it. Each call fails as the cluster store's calls do. */
export interface EtcdMembership {
  readonly memberList: (bounds: Bounds) => Promise<readonly EtcdMember[]>;
  /** Adds a member that does not vote yet: it can neither break a quorum nor keep one. */
  readonly memberAddLearner: (peerUrls: readonly string[], bounds: Bounds) => Promise<EtcdMember>;
  /** Makes a learner a voter. `behind`: it has not caught up with the leader yet; ask again. */
  readonly memberPromote: (id: string, bounds: Bounds) => Promise<'promoted' | 'behind'>;
  /** Removes a member by id, for good: it can come back only as a new one, with an empty directory. */
  readonly memberRemove: (id: string, bounds: Bounds) => Promise<void>;
  readonly memberUpdate: (id: string, peerUrls: readonly string[], bounds: Bounds) => Promise<void>;
  /** Hands the leadership to the member `toId`. Only the leader takes this call: it is looked for first. */
  readonly moveLeader: (toId: string, bounds: Bounds) => Promise<void>;
  /** What the member behind one endpoint (`host:port`) says of itself, without asking the others. */
  readonly status: (endpoint: string, bounds: Bounds) => Promise<EtcdStatus>;
}

export function createEtcdMembership(gateway: EtcdGateway): EtcdMembership {
  const change = (verb: string, body: Json, { timeoutMs }: Bounds): Promise<Json> =>
    gateway.call({ path: `/v3/cluster/member/${verb}`, body, repeat: 'never', timeoutMs });
  const status = async (endpoint: string, { timeoutMs }: Bounds): Promise<EtcdStatus> =>
    decodeStatus(await gateway.callAt(endpoint, { path: '/v3/maintenance/status', body: {}, timeoutMs }));
  return {
    memberList: async ({ timeoutMs }) => {
      const path = '/v3/cluster/member/list';
      const answer = await gateway.call({ path, body: {}, repeat: 'safe', timeoutMs });
      return asList(answer['members'], 'members').map(decodeMember);
    },
    memberAddLearner: async (peerUrls, bounds) => {
      const answer = await change('add', { peerURLs: peerUrls, isLearner: true }, bounds);
      return decodeMember(answer['member']);
    },
    memberPromote: async (id, bounds) => {
      try {
        await change('promote', { ID: decimalId(id) }, bounds);
        return 'promoted';
      } catch (error) {
        if (isProblem(error, 'store_rejected') && error.detail.includes('in sync with leader'))
          return 'behind';
        throw error;
      }
    },
    memberRemove: async (id, bounds) => {
      await change('remove', { ID: decimalId(id) }, bounds);
    },
    memberUpdate: async (id, peerUrls, bounds) => {
      await change('update', { ID: decimalId(id), peerURLs: peerUrls }, bounds);
    },
    moveLeader: async (toId, { timeoutMs }) => {
      const endAt = performance.now() + timeoutMs;
      const leader = await findLeader(gateway, status, timeoutMs / 2);
      if (leader.leading.memberId === toId) return;
      const path = '/v3/maintenance/transfer-leadership';
      const left = Math.max(1, endAt - performance.now());
      await gateway.callAt(leader.endpoint, { path, body: { targetID: decimalId(toId) }, timeoutMs: left });
    },
    status,
  };
}

async function findLeader(
  gateway: EtcdGateway,
  status: EtcdMembership['status'],
  timeoutMs: number,
): Promise<{ readonly endpoint: string; readonly leading: EtcdStatus }> {
  const asked = gateway.endpoints.order().map(async ({ name }) => {
    const said = await status(name, { timeoutMs });
    if (said.leaderId !== said.memberId)
      throw new Problem('store_unavailable', `${name} is not etcd's leader.`);
    return { endpoint: name, leading: said };
  });
  try {
    return await Promise.any(asked);
  } catch (cause) {
    throw new Problem('store_unavailable', "None of the known endpoints is etcd's leader.", { cause });
  }
}

function decodeMember(value: unknown): EtcdMember {
  const member = asObject(value, 'members');
  return {
    id: hexId(requireId(member['ID'], 'ID')),
    name: asText(member['name'], 'name'),
    peerUrls: asList(member['peerURLs'], 'peerURLs').map((url) => asText(url, 'peerURLs')),
    clientUrls: asList(member['clientURLs'], 'clientURLs').map((url) => asText(url, 'clientURLs')),
    learner: asBoolean(member['isLearner'], 'isLearner'),
  };
}

function decodeStatus(answer: Json): EtcdStatus {
  const header = asObject(answer['header'], 'header');
  const leader = asId(answer['leader'], 'leader');
  return {
    memberId: hexId(requireId(header['member_id'], 'header.member_id')),
    leaderId: leader === null ? null : hexId(leader),
    raftTerm: asInteger(answer['raftTerm'], 'raftTerm'),
    version: asText(answer['version'], 'version'),
    dbSizeBytes: asInteger(answer['dbSize'], 'dbSize'),
    learner: asBoolean(answer['isLearner'], 'isLearner'),
    errors: asList(answer['errors'], 'errors').map((text) => asText(text, 'errors')),
  };
}

function hexId(decimal: string): string {
  return BigInt(decimal).toString(16);
}

/** @throws Problem `usage` */
function decimalId(hex: string): string {
  if (!/^[0-9a-f]{1,16}$/.test(hex)) {
    throw new Problem(
      'usage',
      `"${hex}" is not an etcd member id: up to 16 hexadecimal digits, as etcdctl prints it.`,
    );
  }
  return BigInt(`0x${hex}`).toString();
}
