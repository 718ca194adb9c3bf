import { availableParallelism } from 'node:os';
import { findPostgres } from '../../src/instance/binaries.ts';
import { runCommand } from '../../src/runtime/run-command.ts';
import type { Machine } from './results.ts';

/** For people. */
export function machineWords({ cores, postgres, etcd, haproxy }: Machine, patroni: string | null): string {
  const other = patroni === null ? [] : [`Patroni ${patroni}`];
  return [`PostgreSQL ${postgres}`, `etcd ${etcd}`, `HAProxy ${haproxy}`, ...other, `${cores} cores`].join(
    ', ',
  );
}

/** Asks every program that both sides use. @throws Problem `missing_binary` */
export async function describeMachine(): Promise<Machine> {
  const version = async (...argv: string[]): Promise<string> => {
    const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` };
    const { stdout } = await runCommand(argv, { timeoutMs: 10_000, env });
    return /\d+\.\d+(?:\.\d+)?/u.exec(stdout)?.[0] ?? 'unknown';
  };
  const [etcd, haproxy, { version: postgres }] = await Promise.all([
    version('etcd', '--version'),
    version('haproxy', '-v'),
    findPostgres(null),
  ]);
  return { cores: availableParallelism(), postgres, etcd, haproxy };
}
