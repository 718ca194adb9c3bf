import type {
  ClusterStore,
  Compare,
  StoreEntry,
  TxnResult,
  Write,
} from '../core/coordination/cluster-store.ts';
import { isProblem } from '../core/problem.ts';
import { checkKey, checkTtl, checkTxn } from './check-call.ts';
import type { EtcdGateway } from './etcd-gateway.ts';
import { startEtcdWatch, type EtcdWatchTiming } from './etcd-watch.ts';
import {
  asBoolean,
  asInteger,
  asList,
  asObject,
  decodeEntry,
  decodeRevision,
  encodePrefixEnd,
  encodeText,
  type Json,
  requireId,
} from './etcd-wire.ts';

export interface EtcdStoreOptions {
  readonly watchTiming?: EtcdWatchTiming;
}

/** The cluster store on etcd 3.4 to 3.6. Closing it closes the gateway. */
export function createEtcdStore(gateway: EtcdGateway, options: EtcdStoreOptions = {}): ClusterStore {
  return {
    read: async (prefix, { timeoutMs, signal }) => {
      checkKey(prefix);
      const body = { key: encodeText(prefix), range_end: encodePrefixEnd(prefix) };
      const answer = await gateway.call({ path: '/v3/kv/range', body, repeat: 'safe', timeoutMs, signal });
      return { revision: decodeRevision(answer), entries: asList(answer['kvs'], 'kvs').map(decodeEntry) };
    },
    txn: async (compare, writes, { timeoutMs }) => {
      checkTxn(compare, writes);
      const body = encodeTxn(compare, writes);
      return decodeTxn(await gateway.call({ path: '/v3/kv/txn', body, repeat: 'never', timeoutMs }));
    },
    grantLease: async (ttlSeconds, { timeoutMs }) => {
      checkTtl(ttlSeconds);
      const body = { TTL: String(ttlSeconds) };
      const answer = await gateway.call({ path: '/v3/lease/grant', body, repeat: 'never', timeoutMs });
      return { id: requireId(answer['ID'], 'ID'), ttlSeconds: asInteger(answer['TTL'], 'TTL') };
    },
    keepAlive: async (leaseId, { timeoutMs }) => {
      const body = { ID: leaseId };
      const answer = await gateway.call({ path: '/v3/lease/keepalive', body, repeat: 'safe', timeoutMs });
      const ttlSeconds = asInteger(asObject(answer['result'], 'result')['TTL'], 'TTL');
      return ttlSeconds > 0 ? { ttlSeconds } : 'lost';
    },
    revoke: async (leaseId, { timeoutMs }) => {
      try {
        await gateway.call({ path: '/v3/lease/revoke', body: { ID: leaseId }, repeat: 'safe', timeoutMs });
      } catch (error) {
        if (!(isProblem(error, 'store_rejected') && error.detail.includes('lease not found'))) throw error;
      }
    },
    watch: (prefix, watch) => {
      checkKey(prefix);
      startEtcdWatch(gateway, prefix, watch, options.watchTiming);
    },
    close: () => gateway.close(),
  };
}

function encodeTxn(compare: readonly Compare[], writes: readonly Write[]): Json {
  const compared = new Set(compare.map((condition) => condition.key));
  return {
    compare: compare.map(encodeCompare),
    success: writes.map(encodeWrite),
    failure: [...compared].map((key) => ({ request_range: { key: encodeText(key) } })),
  };
}

const compareFields = { create: 'create_revision', mod: 'mod_revision', version: 'version' } as const;

function encodeCompare(condition: Compare): Json {
  const base = { key: encodeText(condition.key), result: 'EQUAL', target: condition.target.toUpperCase() };
  if (condition.target === 'value') return { ...base, value: encodeText(condition.equals) };
  return { ...base, [compareFields[condition.target]]: String(condition.equals) };
}

function encodeWrite(write: Write): Json {
  const key = encodeText(write.key);
  if (write.kind === 'delete') return { request_delete_range: { key } };
  const lease = write.lease === undefined ? {} : { lease: write.lease };
  return { request_put: { key, value: encodeText(write.value), ...lease } };
}

function decodeTxn(answer: Json): TxnResult {
  const succeeded = asBoolean(answer['succeeded'], 'succeeded');
  const revision = decodeRevision(answer);
  const current = succeeded ? [] : asList(answer['responses'], 'responses').flatMap(decodeRangeOp);
  return { succeeded, revision, current };
}

function decodeRangeOp(value: unknown): readonly StoreEntry[] {
  const range = asObject(asObject(value, 'responses')['response_range'], 'response_range');
  return asList(range['kvs'], 'kvs').map(decodeEntry);
}
