import { checkEtcdVersion } from '../coordination/etcd-version.ts';
import { isProblem, Problem } from '../core/problem.ts';
import { findPostgres } from '../instance/binaries.ts';
import { resolveRunAs, type SystemUser } from '../runtime/run-as.ts';
import { runCommand } from '../runtime/run-command.ts';
import { assertNodeOptions } from './node-options.ts';
import type { NodeOptions } from './operations.ts';
import { requireFreePorts } from './ports-free.ts';

export interface Ground {
  readonly runAs: SystemUser | null;
  readonly binDir: string;
}

/**
 * Everything that can be known to stand in the way before anything is made: options, programs, user, ports.
 *
 * @throws Problem `config_invalid`, `missing_binary`, `etcd_version_unsupported`, `port_taken`
 */
export async function surveyGround(options: NodeOptions): Promise<Ground> {
  assertNodeOptions(options);
  const runAs = resolveRunAs(options.runAs);
  const { binDir } = await findPostgres(options.postgresBin);
  if (options.ports.etcdClient !== null) await checkEtcdVersion();
  await requireProgram(['openssl', 'version'], 'openssl');
  await requireProgram(['setpriv', '--version'], 'util-linux');
  await requireFreePorts(options);
  return { runAs, binDir };
}

async function requireProgram(argv: readonly string[], debianPackage: string): Promise<void> {
  try {
    await runCommand(argv, { timeoutMs: 10_000 });
  } catch (cause) {
    if (!isProblem(cause, 'missing_binary')) throw cause;
    const detail = `${argv[0]} is not installed. Install it (apt-get install ${debianPackage}).`;
    throw new Problem('missing_binary', detail, { cause });
  }
}

/** @throws Problem `interrupted` once `signal` is aborted */
export function goOn(signal: AbortSignal, command: 'init' | 'join' | 'recover'): void {
  if (!signal.aborted) return;
  throw new Problem(
    'interrupted',
    `"holdfast ${command}" was interrupted; what it had started is stopped. Run it again to start over.`,
  );
}
