import { parseArgs } from 'node:util';
import { type ApiSettings, defaultApiSettings } from '../core/api-settings.ts';
import { clusterKeys } from '../core/failover/keys.ts';
import { unknownFreshness } from '../core/freshness.ts';
import { emptyMemory } from '../core/failover/memory.ts';
import type { AgentState } from './agent-state.ts';
import { AuditKeeper } from './audit-keeper.ts';
import { ApiWorkers } from './api-workers.ts';
import { Authority } from './authority.ts';
import { BackgroundTask } from './background-task.ts';
import { startControlServer } from './control-server.ts';
import { connectStore } from './etcd-endpoints.ts';
import { GuardianLink, requireGuardian } from './guardian-link.ts';
import { Leases } from './leases.ts';
import { MasterNews } from './master-news.ts';
import { LocalInstances } from './local-instances.ts';
import { readCopyNeeded, readLocalRecord } from './local-record.ts';
import { runLoop } from './loop.ts';
import { createNodeContext, type NodeContext } from './node-context.ts';
import { OwnEtcd } from './own-etcd.ts';
import { makeSocketsDirectory } from './sockets-directory.ts';
import { Wake } from './wake.ts';
import { watchCluster } from './watch.ts';
import { keeperSettings, workerSettings } from './worker-settings.ts';

/** The agent's process: started by the guardian, ends by `exit` of a turn. */
async function main(): Promise<void> {
  requireGuardian();
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { dir: text, 'log-level': text, 'api-settings': text, workers: text },
  });
  const apiSettings: ApiSettings = { ...defaultApiSettings, ...JSON.parse(values['api-settings'] ?? '{}') };
  const node = await createNodeContext(values.dir ?? '.', 'agent', values['log-level'], apiSettings);
  const { store, gateway, know } = await connectStore(node.config, node.layout);
  const state = await assemble(node, store, Number(values.workers ?? 1));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined); // the guardian says when
  state.guardian.announce(node.bootId);
  state.guardian.events.on('gone', () => state.wake.ring());
  state.guardian.events.on('etcd', () => state.wake.ring());
  state.guardian.events.on('stop', () => state.wake.ring());
  const etcd = new OwnEtcd(node, state.guardian, gateway);
  etcd.tend();
  await state.instances.kill(); // what an earlier life left
  await state.instances.settle();
  state.workers.start();
  const control = await startControlServer({ node, store, gateway });
  const watching = new AbortController();
  watchCluster(state, watching.signal);
  const news = node.config.kind === 'follower' ? new MasterNews(state) : null;
  await runLoop(state, etcd, know);
  news?.stop();
  watching.abort();
  // A copy under way holds this process: it is ended first.
  await state.task.cancel(2000);
  await state.instances.kill();
  await Promise.allSettled([
    control.close(),
    state.workers.stop(),
    state.auditKeeper.stop(),
    state.leases.endMember(500),
  ]);
  store.close();
  process.exit(0); // a connection that does not end must not keep a stopped node
}

async function assemble(
  node: NodeContext,
  store: AgentState['store'],
  workerCount: number,
): Promise<AgentState> {
  await makeSocketsDirectory(node.layout, node.runAs);
  const wake = new Wake();
  const ring = (): void => wake.ring();
  const guardian = new GuardianLink();
  return {
    node,
    store,
    keys: clusterKeys(node.config.cluster),
    wake,
    guardian,
    authority: new Authority(guardian),
    instances: new LocalInstances(node, ring),
    task: new BackgroundTask(node.log, ring),
    workers: new ApiWorkers(workerSettings(node), node.log, {
      count: workerCount,
      onChange: ring,
    }),
    auditKeeper: new AuditKeeper(keeperSettings(node), node.log),
    leases: new Leases(store),
    memory: emptyMemory,
    record: await readLocalRecord(node.layout),
    freshness: unknownFreshness,
    lastCluster: null,
    copyNeeded: await readCopyNeeded(node.layout),
    ailment: null,
    ended: false,
  };
}

await main();
