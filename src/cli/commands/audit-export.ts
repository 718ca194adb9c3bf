import { type Command, Option } from 'commander';
import type { ExportedRow } from '../../core/audit/exported.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { pointInTime } from '../arguments/instant.ts';
import { addDir, path } from '../arguments/node-arguments.ts';
import { withMaster } from '../connection/with-master.ts';
import type { CliContext } from '../context.ts';
import { chainLine, checkpointLine, rowLine, syslogLines } from '../render/trail-lines.ts';
import { openOutput, type Output } from './audit-output.ts';

interface ExportArguments {
  readonly dir: string;
  readonly output?: string;
  readonly format: 'json' | 'rfc5424';
  readonly since?: string;
  readonly until?: string;
}

const timeoutMs = 60_000;

const examples = `
Run it on a node: it exports the trail of the whole cluster, of all accounts, with the node's certificate. As JSON it holds a
line for each chain, one for each place that a node has signed, and one for each row with its place in its chain: all that is needed to check it
(holdfast audit verify --file). What is written while it runs is left out.

Examples:
  holdfast audit export --output trail.jsonl
  holdfast audit export --format rfc5424 --since 2026-01-01 --until 2026-02-01 --output january.log`;

/** `holdfast audit export` */
export function addAuditExport(group: Command, context: CliContext): void {
  const command = group
    .command('export')
    .summary('export the whole trail')
    .description('Exports the trail, the oldest rows first.')
    .option('-o, --output <file>', 'a new file, for yourself alone (standard output)', path('--output'))
    .addOption(
      new Option('--format <format>', 'lines of JSON, or syslog messages')
        .choices(['json', 'rfc5424'])
        .default('json'),
    )
    .option(
      '--since <time>',
      'from then on: 2026-01-31T12:00:00Z, or 2h for two hours ago',
      pointInTime('--since'),
    )
    .option('--until <time>', 'before then', pointInTime('--until'));
  addDir(command, context)
    .addHelpText('after', examples)
    .action((given: ExportArguments) => runExport(given, context));
}

async function runExport(given: ExportArguments, context: CliContext): Promise<void> {
  const { exportTrail } = await import('../../client/export-trail.ts');
  await withMaster(given.dir, timeoutMs, async (door) => {
    const { checkpoints, chains, pages } = await exportTrail(door, {
      since: given.since ?? null,
      until: given.until ?? null,
      begin: 'export',
    });
    const output = await openOutput(given.output ?? null);
    const progress = new Progress();
    try {
      if (given.format === 'json')
        await output.write(lined([...chains.map(chainLine), ...checkpoints.map(checkpointLine)]));
      await writePages(pages, output, progress, given.format);
    } catch (error) {
      throw progress.explain(error);
    } finally {
      await output.close();
    }
    context.say(`✓ ${progress.rows} rows were exported.`);
  });
}

async function writePages(
  pages: AsyncIterable<readonly ExportedRow[]>,
  output: Output,
  progress: Progress,
  format: ExportArguments['format'],
): Promise<void> {
  for await (const page of pages) {
    await output.write(lined(page.flatMap((row) => (format === 'json' ? [rowLine(row)] : syslogLines(row)))));
    progress.wrote(page);
  }
}

function lined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** How far an export came. */
class Progress {
  rows = 0;
  #last: ExportedRow | null = null;

  wrote(page: readonly ExportedRow[]): void {
    this.rows += page.length;
    this.#last = page.at(-1) ?? this.#last;
  }

  /** The failure, and what there is nevertheless. */
  explain(error: unknown): unknown {
    if (!isProblem(error)) return error;
    const last = this.#last;
    const far =
      last === null
        ? 'nothing was exported'
        : `${this.rows} rows were exported, the last of ${last.record.timestamp} (id ${last.id})`;
    return new Problem(error.code, `${error.detail} The export is not whole: ${far}.`, { cause: error });
  }
}
