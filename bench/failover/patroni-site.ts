import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeBase } from '../../test/testing/demo-cluster.ts';
import { makeTestCa } from '../../src/coordination/testing/certificates.ts';
import type { TestMember } from '../../src/coordination/testing/etcd-members.ts';
import type { EtcdTlsFiles } from '../../src/coordination/etcd-endpoints.ts';
import { findPostgres } from '../../src/instance/binaries.ts';
import { makeDirectory, writeFileAtomically } from '../../src/runtime/files.ts';
import { resolveRunAs, type SystemUser } from '../../src/runtime/run-as.ts';
import type { Contender } from './contenders.ts';
import { balancerConfiguration, patroniConfiguration, type PatroniPlan } from './patroni-files.ts';

const names = ['p1', 'p2', 'p3'];

/** A directory with everything that Patroni's cluster needs to run. */
export interface PatroniSite {
  readonly dir: string;
  readonly plan: PatroniPlan;
  /** Of etcd; each has the name of its node. */
  readonly members: readonly TestMember[];
  /** Who Patroni, PostgreSQL and etcd run as; null: as whoever started the race. */
  readonly user: SystemUser | null;
}

/** Makes directories, certificates and configuration files; nothing runs yet. Remove `dir` at the end. */
export async function makePatroniSite(
  settings: Extract<Contender, { kind: 'patroni' }>,
): Promise<PatroniSite> {
  const user = resolveRunAs('postgres');
  const dir = await mkdtemp(join(tmpdir(), 'hf-race-patroni-'));
  await chmod(dir, 0o711); // PostgreSQL and etcd pass through as another user
  await makeDirectory(join(dir, 'etcd'), 0o711);
  const base = await freeBase();
  const members = names.map((name, at) => memberAt(name, base + 20 + 2 * at));
  const plan: PatroniPlan = {
    settings,
    nodes: names.map((name, at) => ({
      name,
      restPort: base + 10 + at,
      postgresPort: base + 13 + at,
      pgdata: join(dir, name, 'pgdata'),
    })),
    balancerPort: base,
    etcd: members.map(({ endpoint }) => endpoint),
    tls: await issueTo(dir, user),
    binDir: (await findPostgres(null)).binDir,
    password: randomBytes(16).toString('hex'),
  };
  for (const node of plan.nodes) {
    await makeDirectory(join(dir, node.name), 0o700, user);
    const text = patroniConfiguration(plan, node);
    await writeFileAtomically(join(dir, node.name, 'patroni.yml'), text, { mode: 0o600, owner: user });
  }
  await writeFileAtomically(join(dir, 'haproxy.cfg'), balancerConfiguration(plan), { mode: 0o644 });
  return { dir, plan, members, user };
}

/** One certificate for everybody. */
async function issueTo(dir: string, user: SystemUser | null): Promise<EtcdTlsFiles> {
  const tls = await (await makeTestCa(dir, 'ca')).issue('race');
  if (user !== null) await chown(tls.keyFile, user.uid, user.gid);
  await Promise.all([tls.caFile, tls.certFile].map((file) => chmod(file, 0o644)));
  return tls;
}

function memberAt(name: string, port: number): TestMember {
  return {
    name,
    clientUrl: `https://127.0.0.1:${port}`,
    peerUrl: `https://127.0.0.1:${port + 1}`,
    endpoint: `127.0.0.1:${port}`,
  };
}
