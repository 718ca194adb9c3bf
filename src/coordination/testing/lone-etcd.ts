import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EtcdTlsFiles } from '../etcd-endpoints.ts';
import { waitHealthy } from '../etcd-server.ts';
import { makeTestCa } from './certificates.ts';
import {
  gatewayTo,
  killMember,
  memberSettings,
  planMembers,
  startMember,
  type TestMember,
} from './etcd-members.ts';

/** A real etcd of one member, with mutual TLS, which lives as long as a test file. */
export interface LoneEtcd {
  /** For its clients, too. */
  readonly tls: EtcdTlsFiles;
  readonly members: readonly TestMember[];
  readonly stop: () => Promise<void>;
}

/** Resolves when it answers. */
export async function startLoneEtcd(): Promise<LoneEtcd> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-etcd-'));
  const tls = await (await makeTestCa(dir, 'ca')).issue('node');
  const members = await planMembers(['one']);
  const [one] = members;
  if (one === undefined) throw new Error('no member was planned');
  const process = await startMember(memberSettings(dir, one, members, tls));
  const gateway = await gatewayTo(members, tls);
  await waitHealthy(process, gateway, one.endpoint, 10_000);
  gateway.close();
  const stop = async (): Promise<void> => {
    await killMember(process);
    await rm(dir, { recursive: true, force: true });
  };
  return { tls, members, stop };
}
