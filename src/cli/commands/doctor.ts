import type { Command } from 'commander';
import { addDir } from '../arguments/node-arguments.ts';
import type { CliContext } from '../context.ts';
import { interruptible } from '../interrupt.ts';
import { renderFindings } from '../render/findings.ts';

interface DoctorArguments {
  readonly dir: string;
  readonly runAs: string;
  readonly postgresBin?: string;
  readonly json?: true;
}

const examples = `
Exit code 1 when there is a fault. Before "holdfast init" or "holdfast join" it looks at the machine alone.`;

export function addDoctor(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .summary('examine this machine and its node')
    .description(
      'Looks at versions, users, directories, ports, clock, disk, certificates and the cluster, and says what to do.',
    );
  addDir(command, context)
    .option(
      '--run-as <user>',
      'unprivileged user for PostgreSQL and etcd, where there is no node yet',
      'postgres',
    )
    .option('--postgres-bin <dir>', "directory of PostgreSQL's programs, where there is no node yet")
    .option('--json', 'findings as JSON')
    .addHelpText('after', examples)
    .action((given: DoctorArguments) => doctor(given, context));
}

async function doctor(given: DoctorArguments, context: CliContext): Promise<void> {
  const [{ examine }, { openCluster }] = await Promise.all([
    import('../../agent/doctor.ts'),
    import('../../agent/cluster-client.ts'),
  ]);
  const findings = await interruptible(() =>
    examine({
      dir: given.dir,
      runAs: given.runAs,
      postgresBin: given.postgresBin ?? null,
      nodeVersion: process.versions.node,
      nowMs: Date.now(),
      askCluster: async () => {
        const cluster = await openCluster(given.dir);
        try {
          return await cluster.status();
        } finally {
          cluster.close();
        }
      },
    }),
  );
  context.answer(given.json ? JSON.stringify(findings, null, 2) : renderFindings(findings, context.style));
  if (findings.some(({ level }) => level === 'fault')) process.exitCode = 1;
}
