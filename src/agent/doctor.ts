import { readFile } from 'node:fs/promises';
import { isProblem } from '../core/problem.ts';
import { realClock } from '../runtime/real-clock.ts';
import { resolveRunAs, type SystemUser } from '../runtime/run-as.ts';
import { checkCertificates, checkEtcdCertificates } from './doctor-certificates.ts';
import { checkClock } from './doctor-clock.ts';
import { checkCluster } from './doctor-cluster.ts';
import { checkDirectories, checkDisk } from './doctor-files.ts';
import { type Finding, fault, ok } from './doctor-finding.ts';
import { checkPorts } from './doctor-ports.ts';
import { checkPrograms } from './doctor-programs.ts';
import { nodeLayout } from './layout.ts';
import { type NodeConfig, readNodeConfig } from './node-config.ts';
import type { ClusterStatus } from './operations.ts';

export interface Examination {
  readonly dir: string;
  /** For a machine without a node yet; a node knows its own. */
  readonly runAs: string;
  readonly postgresBin: string | null;
  /** As `process.versions.node` says it. */
  readonly nodeVersion: string;
  /** Wall clock, milliseconds since 1970: certificates have dates. */
  readonly nowMs: number;
  /** Asks the cluster that the node in `dir` belongs to. */
  readonly askCluster: () => Promise<ClusterStatus>;
}

/** Looks at this machine, at the node in `dir` where there is one, and at its cluster. Changes nothing. */
export async function examine(examination: Examination): Promise<readonly Finding[]> {
  const { dir, nodeVersion, nowMs } = examination;
  const node = await readNode(dir);
  const config = node.config;
  const machine = [
    ...(await checkPrograms({
      nodeVersion,
      postgresBin: config?.postgresBin ?? examination.postgresBin,
      runAs: config?.runAs ?? examination.runAs,
      needsEtcd: config === null || (config.etcd.mode === 'own' && config.addresses.etcdClient !== null),
    })),
    ...(await checkClock(realClock, nowMs)),
    await checkDisk(dir),
    node.finding,
  ];
  return config === null ? machine : [...machine, ...(await examineNode(config, examination))];
}

async function examineNode(
  config: NodeConfig,
  { dir, nowMs, askCluster }: Examination,
): Promise<readonly Finding[]> {
  const layout = nodeLayout(dir);
  const { addresses, publicName, listen } = config;
  const certificates = await checkCertificates(layout, [config.name, publicName, addresses.host], nowMs);
  const isReadable = certificates.every(({ level }) => level !== 'fault');
  return [
    ...(await checkDirectories(layout, userOf(config.runAs), config.etcd.mode)),
    ...certificates,
    ...(config.etcd.mode === 'external' ? await checkEtcdCertificates(layout, nowMs) : []),
    ...(isReadable
      ? await checkPorts({
          listen,
          host: addresses.host,
          ports: addresses,
          certPem: await readFile(layout.tls.cert, 'utf8'),
        })
      : []),
    ...(await checkCluster(askCluster)),
  ];
}

async function readNode(
  dir: string,
): Promise<{ readonly config: NodeConfig | null; readonly finding: Finding }> {
  try {
    const config = await readNodeConfig(dir);
    const { name, cluster, kind, state } = config;
    if (state === 'ready')
      return { config, finding: ok('node', `${name}, a ${kind} of the cluster "${cluster}"`) };
    const advice = `Run the same "holdfast init" or "holdfast join" again, or remove ${dir}.`;
    return { config: null, finding: fault('node', `${dir} holds a node that was never finished`, advice) };
  } catch (error) {
    if (isProblem(error, 'directory_not_ours')) {
      return {
        config: null,
        finding: ok('node', `none in ${dir} yet; "holdfast init" or "holdfast join" makes one`),
      };
    }
    if (!isProblem(error)) throw error;
    return {
      config: null,
      finding: fault('node', error.detail, 'Restore node.json, or make the node anew.'),
    };
  }
}

/** A user that does not exist is a finding of its own, made with the programs. */
function userOf(name: string): SystemUser | null {
  try {
    return resolveRunAs(name);
  } catch (error) {
    if (!isProblem(error)) throw error;
    return null;
  }
}
