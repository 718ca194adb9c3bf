import { readFile } from 'node:fs/promises';
import { Problem } from '../core/problem.ts';
import type { NodeKind } from '../core/failover/cluster-state.ts';
import { installAuthority } from '../identity/authority.ts';
import { checkCertificate } from '../identity/check-certificate.ts';
import { type JoinToken, parseToken } from '../identity/join-token.ts';
import { createKeyAndRequest, createRequest } from '../identity/node-key.ts';
import { open } from '../identity/sealed-box.ts';
import { exists } from '../instance/exists.ts';
import { initialise } from '../instance/initialise.ts';
import { startInstance } from '../instance/start.ts';
import { createLogger } from '../runtime/log.ts';
import {
  type EtcdCredentials,
  missingEtcdFiles,
  needlessEtcdFiles,
  readEtcdCredentials,
  writeEtcdCredentials,
} from './etcd-credentials.ts';
import { proveExternalEtcd } from './external-etcd.ts';
import {
  authorityKeyContext,
  type ClusterFacts,
  dataKeyContext,
  encodeJoinRequest,
  type JoinAnswer,
  joinFactsPath,
  joinPath,
  parseClusterFacts,
  parseJoinAnswer,
} from './join-exchange.ts';
import { type NodeLayout, nodeLayout } from './layout.ts';
import { type NodeConfig, writeNodeConfig } from './node-config.ts';
import { instanceSettings } from './node-context.ts';
import {
  assertClaimable,
  claimDirectory,
  clearHalfMade,
  makeNodeDirectories,
  releaseClaim,
  settleClaim,
} from './node-directory.ts';
import { writeCertificates, writeDataKey } from './node-identity.ts';
import type { JoinOptions } from './operations.ts';
import { callInTurn } from './patient-call.ts';
import { agentUrl, fetchAuthority } from './pinned-authority.ts';
import { failOn } from './node-options.ts';
import { goOn, type Ground, surveyGround } from './preflight.ts';

const callMs = 30_000;
const initdbMs = 120_000;
const readyMs = 60_000;

interface Attempt {
  readonly options: JoinOptions;
  readonly token: JoinToken;
  readonly layout: NodeLayout;
  readonly ground: Ground;
  /** Read where any of its options is given: whether etcd is external is known to the cluster alone. */
  readonly etcdCredentials: EtcdCredentials | null;
}

/**
 * Makes this machine a node of an existing cluster: its key is made here and never leaves, everything else comes from the
 * node at `url`, which is known by the fingerprint in the token. Nothing runs afterwards: the first `holdfast node`
 * copies the instances. Interrupted or failed, it can be run again with the same token while that is good: the key stays,
 * so the cluster knows the machine again.
 *
 * @throws Problem `token_invalid`, `config_invalid`, `missing_binary`, `port_taken`, `directory_not_ours`, `peer_unreachable`,
 * `peer_untrusted`, `interrupted`; and what the cluster refuses with: `join_refused`, `member_exists`, `no_authority`,
 * `too_many_requests`
 */
export async function joinCluster(options: JoinOptions): Promise<void> {
  const token = parseToken(options.token.reveal());
  const url = agentUrl(options.url);
  const layout = nodeLayout(options.dir);
  const external = needlessEtcdFiles(options.etcdFiles).length > 0;
  const runsEtcd = token.kind === 'standby' && !external;
  const ports = runsEtcd ? options.ports : { ...options.ports, etcdClient: null, etcdPeer: null };
  options.onStep('Checking programs, ports and the directory');
  await assertClaimable(layout, 'join');
  const etcdCredentials = external ? await readEtcdCredentials(options.etcdFiles, Date.now()) : null;
  const ground = await surveyGround({ ...options, ports });
  const { resumed } = await claimDirectory(layout, 'join', ground.runAs);
  try {
    if (resumed) options.onStep('Going on with an earlier attempt that stopped half-way');
    await clearHalfMade(layout, { keepKey: true });
    const attempt: Attempt = { options: { ...options, ports }, token, layout, ground, etcdCredentials };
    await writeNodeConfig(layout.dir, nodeConfig(attempt, null, 'preparing'));
    await enrol(attempt, url);
    await settleClaim(layout);
  } catch (error) {
    await releaseClaim(layout);
    goOn(options.signal, 'join'); // what fails after an interruption failed because of it
    throw error;
  }
}

async function enrol(attempt: Attempt, url: URL): Promise<void> {
  const { options, token, layout, ground } = attempt;
  const { signal, name } = options;
  const step = (sentence: string): void => {
    goOn(signal, 'join');
    options.onStep(sentence);
  };
  await makeNodeDirectories(layout, ground.runAs);
  step(`Looking for the cluster ${token.cluster} at ${url.host}`);
  const ca = await fetchAuthority(url, token.caFingerprint, signal);
  step('Making the key of this node');
  const requestPem = await keyAndRequest(attempt);
  step('Asking to be let in');
  const { addresses } = nodeConfig(attempt, null, 'preparing');
  const body = encodeJoinRequest({ token: options.token, name, addresses, requestPem });
  const call = { url, method: 'POST', body, ca, timeoutMs: callMs, signal } as const;
  const onWait = (): void => step('Waiting for a turn: others join at the same time');
  // What stands in the way is told before the token is used up.
  const facts = parseClusterFacts(await callInTurn({ ...call, path: joinFactsPath }, onWait));
  await assertReachesEtcd(options, facts, step);
  const answer = parseJoinAnswer(await callInTurn({ ...call, path: joinPath }, onWait));
  await accept(attempt, answer, ca);
  if (token.kind === 'follower') {
    step('Making the audit instance of this follower');
    await makeAudit(attempt, nodeConfig(attempt, answer, 'preparing'));
  }
  goOn(signal, 'join');
  await writeNodeConfig(layout.dir, nodeConfig(attempt, answer, 'ready'));
}

/** @throws Problem `config_invalid` where the options for an external etcd do not fit the cluster, or etcd refuses them */
async function assertReachesEtcd(
  { etcdFiles }: JoinOptions,
  { etcd, name }: ClusterFacts,
  step: (sentence: string) => void,
): Promise<void> {
  if (etcd.mode === 'own') {
    const needless = needlessEtcdFiles(etcdFiles);
    const why = `the cluster ${name} runs its own etcd, which takes the certificate that it issues. Leave them out`;
    failOn(needless.length === 0 ? [] : [`${needless.join(', ')}: ${why}`]);
    return;
  }
  failOn(missingEtcdFiles(etcdFiles));
  step('Looking at the external etcd');
  await proveExternalEtcd(etcd.endpoints, etcdFiles, name);
}

async function keyAndRequest({ options, layout, ground }: Attempt): Promise<string> {
  const request = { keyFile: layout.tls.key, commonName: options.name, signal: options.signal };
  if (await exists(layout.tls.key)) return createRequest(request);
  return createKeyAndRequest({ ...request, owner: ground.runAs });
}

/** Writes what was granted, after a look at it. The authority is the pinned one, whatever the answer says. */
async function accept(attempt: Attempt, answer: JoinAnswer, ca: string): Promise<void> {
  const { options, token, layout, ground, etcdCredentials } = attempt;
  const { name } = options;
  const key = await readFile(layout.tls.key);
  const faults = checkCertificate({
    pem: answer.certificatePem,
    caPem: ca,
    nowMs: Date.now(),
    warnDays: 0,
    names: [name, answer.cluster.publicName, options.host],
    privateKeyPem: key.toString(),
  });
  const [fault] = faults.filter(({ fatal }) => fatal);
  if (fault !== undefined)
    throw new Problem('certificate_invalid', `The certificate that came is of no use: ${fault.sentence}`);
  const dataKey = open(key, answer.dataKey, dataKeyContext(token.cluster, name));
  try {
    await writeDataKey(layout, dataKey);
  } finally {
    dataKey.fill(0);
  }
  if (answer.authorityKey !== null) {
    const keyPem = open(key, answer.authorityKey, authorityKeyContext(token.cluster, name));
    try {
      await installAuthority({ dir: layout.authority, certificatePem: ca, keyPem });
    } finally {
      keyPem.fill(0);
    }
  }
  key.fill(0);
  await writeCertificates(layout, { ca, cert: answer.certificatePem }, ground.runAs);
  if (etcdCredentials !== null) await writeEtcdCredentials(layout, etcdCredentials, ground.runAs);
}

async function makeAudit({ options, layout, ground }: Attempt, config: NodeConfig): Promise<void> {
  const log = createLogger({ name: 'join', level: options.logLevel === 'info' ? 'error' : options.logLevel });
  const settings = instanceSettings('audit', { config, layout, log, ...ground });
  await initialise(settings, { timeoutMs: initdbMs, signal: options.signal });
  goOn(options.signal, 'join');
  const running = await startInstance(settings, { role: { kind: 'primary', synchronousNames: [] } });
  try {
    if (!(await running.ready({ timeoutMs: readyMs, signal: options.signal }))) {
      throw new Problem('instance_failed', `The audit instance was not ready within ${readyMs / 1000} s.`);
    }
    await options.provisionAudit({ socketDir: layout.sockets, auditPort: options.ports.audit });
  } finally {
    await running.stop('fast', { timeoutMs: 10_000 });
  }
}

function nodeConfig(
  { options, token }: Attempt,
  answer: JoinAnswer | null,
  state: NodeConfig['state'],
): NodeConfig {
  const kind: NodeKind = token.kind;
  return {
    version: 1,
    state,
    cluster: token.cluster,
    account: answer?.cluster.account ?? '',
    name: options.name,
    kind,
    publicName: answer?.cluster.publicName ?? '',
    addresses: { host: options.host, ...withoutEtcd(options.ports, answer) },
    listen: options.listen,
    runAs: options.runAs,
    postgresBin: options.postgresBin,
    etcd: answer?.cluster.etcd ?? { mode: 'own', endpoints: [] },
    loadBalancer: answer?.cluster.loadBalancer ?? null,
    logLevel: options.logLevel,
  };
}

/** With an external etcd nobody runs a member. */
function withoutEtcd(ports: JoinOptions['ports'], answer: JoinAnswer | null): JoinOptions['ports'] {
  return answer?.cluster.etcd.mode === 'external' ? { ...ports, etcdClient: null, etcdPeer: null } : ports;
}
