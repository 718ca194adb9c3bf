import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { ExportedRow } from '../../core/audit/exported.ts';
import { eachRecord } from '../../core/audit/rfc5424.ts';
import { addDir } from '../arguments/node-arguments.ts';
import { openMaster } from '../connection/with-master.ts';
import type { CliContext } from '../context.ts';
import { interruptible } from '../interrupt.ts';
import { renderRecord } from '../render/audit.ts';
import { plain } from '../render/plain.ts';
import type { Style } from '../render/style.ts';
import { rowLine, syslogLines } from '../render/trail-lines.ts';
import { openOutput } from './audit-output.ts';

interface FollowArguments {
  readonly dir: string;
  readonly json?: true;
  readonly rfc5424?: true;
}

const timeoutMs = 30_000;
const betweenLooksMs = 1000;

const examples = `
Run it on a node: it reads the trail of the whole cluster, of all accounts, with the node's certificate. When the master
changes it goes on with the next one. Records of a follower come when the follower has sent them.

Examples:
  holdfast audit follow
  holdfast audit follow --rfc5424 | logger-of-yours`;

/** `holdfast audit follow` */
export function addAuditFollow(group: Command, context: CliContext): void {
  const command = group
    .command('follow')
    .summary('show new records as they come')
    .description('Shows new records of the whole trail as they come, until Ctrl-C.');
  addDir(command, context)
    .addOption(new Option('--json', 'a line of JSON for each row of the trail').conflicts('rfc5424'))
    .option('--rfc5424', 'as syslog messages of RFC 5424')
    .addHelpText('after', examples)
    .action((given: FollowArguments) => follow(given, context));
}

async function follow(given: FollowArguments, context: CliContext): Promise<void> {
  const { followTrail } = await import('../../client/follow-trail.ts');
  await interruptible(async (signal) => {
    const output = await openOutput(null);
    const rows = followTrail({
      openMaster: async () => (await openMaster(given.dir, timeoutMs, signal)).door,
      pause: () => delay(betweenLooksMs, undefined, { signal }),
      onBegin: () => context.say('· following the audit trail; Ctrl-C ends it'),
      onLoss: (problem) => context.say(`· ${problem.detail} Trying again …`),
      onShortened: ({ node }) =>
        context.say(
          `! records of ${plain(node)} that were shown, or would have been, were lost in a failover`,
        ),
    });
    try {
      for await (const page of rows) {
        const lines = page.flatMap((row) => linesOf(row, given, context.style));
        await output.write(lines.map((line) => `${line}\n`).join(''));
      }
    } catch (error) {
      if (!signal.aborted) throw error; // Ctrl-C is how it ends
    }
  });
}

function linesOf(row: ExportedRow, { json, rfc5424 }: FollowArguments, style: Style): readonly string[] {
  if (json) return [rowLine(row)];
  if (rfc5424) return syslogLines(row);
  return eachRecord(row.record).map((record) => renderRecord({ ...record }, style));
}
