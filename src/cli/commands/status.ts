import type { Command } from 'commander';
import type { ClusterStatus } from '../../agent/operations.ts';
import { addDir } from '../arguments/node-arguments.ts';
import type { CliContext } from '../context.ts';
import { renderStatus } from '../render/status.ts';
import { openScreen } from '../screen.ts';
import { withCluster } from './cluster.ts';

interface StatusArguments {
  readonly dir: string;
  readonly json?: true;
  readonly watch?: true;
}

const examples = `
The headline says who is master and whether the cluster is protected: whether it would survive the loss of the master
now, without losing a write and without anybody's help. Below the nodes stands what should be done about it if not.

Columns:
  SYNC       yes: each write waits for this standby; no: it could take over that part; never: declared asynchronous
  LAG        how far the node is behind the master
  TIMELINES  PostgreSQL's history of the instances data and audit; a promotion begins a new one
  STATE      what the node is doing, in its own words`;

export function addStatus(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .summary('show the cluster')
    .description(
      'Shows the nodes of the cluster, who is master, and whether a failure would heal by itself.',
    );
  addDir(command, context)
    .option('--json', 'as JSON; with --watch a line for each change')
    .option('-w, --watch', 'go on showing it as it changes, until Ctrl-C')
    .addHelpText('after', examples)
    .action((given: StatusArguments) => (given.watch ? watch(given, context) : show(given, context)));
}

function show({ dir, json }: StatusArguments, context: CliContext): Promise<void> {
  return withCluster(dir, async (cluster) => {
    const status = await cluster.status();
    context.answer(json ? JSON.stringify(status, null, 2) : renderStatus(status, context.style));
  });
}

async function watch({ dir, json }: StatusArguments, context: CliContext): Promise<void> {
  await withCluster(dir, async (cluster, signal) => {
    const inPlace = process.stdout.isTTY && !json;
    const screen = inPlace ? openScreen(process.stdout) : null;
    let latest: ClusterStatus | null = null;
    const draw = (): void => {
      if (latest !== null) screen?.draw(renderStatus(latest, context.style, process.stdout.columns));
    };
    const tell = (status: ClusterStatus): void => {
      latest = status;
      if (screen !== null) draw();
      else context.answer(json ? JSON.stringify(status) : `${renderStatus(status, context.style)}\n`);
    };
    process.stdout.on('resize', draw);
    try {
      await cluster.watchStatus(tell, signal);
    } catch (error) {
      if (!signal.aborted) throw error; // Ctrl-C is how a watch ends
    } finally {
      process.stdout.off('resize', draw);
      screen?.close();
    }
  });
}
