import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { etcdDirectoryToken } from '../coordination/etcd-directory.ts';
import { startEtcd, waitHealthy } from '../coordination/etcd-server.ts';
import { exists } from '../instance/exists.ts';
import { syncDirectory } from '../runtime/files.ts';
import { connectStore } from './etcd-endpoints.ts';
import type { NodeLayout } from './layout.ts';
import { etcdClientUrl, etcdPeerUrl, memberEtcdSettings } from './member-etcd.ts';
import type { NodeContext } from './node-context.ts';
import { refused } from './recovery-checks.ts';
import type { RecoveryMark } from './recovery-mark.ts';
import { type RecoveryRecords, recoveryWrites } from './recovery-records.ts';

const etcdStartMs = 20_000;
const etcdStopMs = 5000;
const callMs = 5000;

/** What an earlier attempt of this recovery began is made anew (the old one has been moved by then); the old one is kept. */
export async function moveEtcdAside(
  layout: NodeLayout,
  { etcdToken, abandoned }: RecoveryMark,
): Promise<void> {
  if (!(await exists(layout.etcd))) return;
  const aside = join(layout.dir, abandoned);
  if ((await exists(aside)) || (await etcdDirectoryToken(layout.etcd)) === etcdToken) {
    await rm(layout.etcd, { recursive: true, force: true });
  } else {
    await rename(layout.etcd, aside);
  }
  await syncDirectory(layout.dir);
}

/** Starts the new etcd, writes everything in one transaction, and stops it in order. */
export async function fillNewEtcd(
  { config, layout, runAs, log }: NodeContext,
  records: RecoveryRecords,
): Promise<void> {
  const [clientUrl, peerUrl] = [etcdClientUrl(config.addresses) ?? '', etcdPeerUrl(config.addresses) ?? ''];
  const settings = memberEtcdSettings(config, layout, { [config.name]: peerUrl }, { kind: 'new' });
  const etcd = await startEtcd(settings, { runAs, log });
  try {
    const { store, keys, gateway, close } = await connectStore(config, layout);
    try {
      await waitHealthy(etcd, gateway, new URL(clientUrl).host, etcdStartMs);
      const compare = [{ key: keys.config, target: 'create', equals: 0 }] as const;
      const { succeeded } = await store.txn(compare, recoveryWrites(keys, records), { timeoutMs: callMs });
      if (!succeeded) throw refused(`the new etcd at ${clientUrl} is not empty. Run the command again`);
    } finally {
      close();
    }
  } finally {
    await etcd.stop(etcdStopMs);
  }
}
