import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { RoundReport } from '../../core/drill/verdict.ts';
import { Problem } from '../../core/problem.ts';
import type { Target } from '../../drill/target.ts';
import { addDir, path } from '../arguments/node-arguments.ts';
import { wholeNumber } from '../arguments/numbers.ts';
import type { CliContext } from '../context.ts';
import { renderTable } from '../render/table.ts';
import { withCluster } from './cluster.ts';

interface DrillArguments {
  readonly demo: string;
  readonly cluster?: string;
  readonly yesThisIsNotProduction?: true;
  readonly dir: string;
  readonly fault?: readonly string[];
  readonly rounds: number;
  readonly seed: number;
  readonly fill: number;
  readonly report: string;
  readonly list?: true;
}

const examples = `
A drill makes faults in a cluster while clients write and read through its load balancer and straight at its nodes,
and checks everything that they saw: no acknowledged write may be lost, no two nodes may take writes at once, no master
may answer with what is old. It needs the demo ("npm run demo" in another terminal); a round takes half a minute.

Examples:
  holdfast drill --list
  holdfast drill --fault postmaster --fault node --rounds 5
  holdfast drill --report drills/nightly       every fault; the same command goes on where it was interrupted
  holdfast drill --cluster staging.json --dir /var/lib/holdfast --yes-this-is-not-production

A cluster that is not the demo is described by a file in the shape of demo.json: account, api (url, caFile), followers,
admin (login, apiKey), and of each node name and api. --dir is that of any of its nodes, on this machine. Only faults that
take no hands on the nodes can be made there; the others are named as skipped.

Exit code 0 when every round passed; 1 when a promise was broken, or a fault did not take effect.`;

export function addDrill(program: Command, context: CliContext): void {
  const command = program
    .command('drill')
    .summary('hurt a demo cluster on purpose, and check its promises')
    .description('Makes faults in a cluster under load, and checks that nothing is lost, doubled or stale.');
  addDir(command, context)
    .option('--demo <dir>', 'the directory of a running demo', path('--demo'), context.environment.demoDir)
    .option('--cluster <file>', 'a cluster that is not the demo, described in a file', path('--cluster'))
    .option('--yes-this-is-not-production', 'nobody needs what is in the cluster of --cluster')
    .option('--fault <name...>', 'only these faults (see --list)')
    .option('--rounds <count>', 'how often each', wholeNumber('--rounds', 1, 1000), 1)
    .option(
      '--seed <number>',
      'orders the faults, and decides what they leave to chance',
      wholeNumber('--seed', 0, 2 ** 32 - 1),
      1,
    )
    .option(
      '--fill <megabytes>',
      'stored before the first round: a rewind or a copy then moves as much',
      wholeNumber('--fill', 0, 10_000),
      0,
    )
    .option('--report <dir>', 'where report.json and report.html go', path('--report'), 'holdfast-drill')
    .option('--list', 'name the faults, and do nothing')
    .addHelpText('after', examples)
    .action((given: DrillArguments) => drill(given, context));
}

async function drill(given: DrillArguments, context: CliContext): Promise<void> {
  const [{ catalogue }, { runDrill }, { summaryTable }, { holdfastVersion }] = await Promise.all([
    import('../../drill/faults/catalogue.ts'),
    import('../../drill/run.ts'),
    import('../../drill/summary/table.ts'),
    import('../../agent/product-version.ts'),
  ]);
  if (given.list) {
    const rows = catalogue.map(({ name, about }) => [
      { text: name, paint: context.style.strong },
      { text: about },
    ]);
    context.answer(renderTable(rows, process.stdout.columns ?? null).join('\n'));
    return;
  }
  const unknown = given.fault?.find((name) => catalogue.every((fault) => fault.name !== name));
  if (unknown !== undefined) {
    throw new Problem('usage', `--fault: there is no fault "${unknown}". See "holdfast drill --list".`);
  }
  const faults = catalogue.filter(({ name }) => given.fault?.includes(name) ?? true);
  const target = await targetOf(given);
  const [node] = await target.nodes();
  const directory = resolve(given.report);
  const report = await withCluster(target.isDemo ? (node?.dir ?? '') : given.dir, (cluster, signal) =>
    runDrill({
      target,
      cluster,
      faults,
      rounds: given.rounds,
      seed: given.seed,
      directory,
      product: holdfastVersion(),
      fillMb: given.fill,
      onStep: (sentence) => context.say(`· ${sentence}`),
      onRound: (round) => context.say(sentenceOf(round, context)),
      signal,
    }),
  );
  context.answer(summaryTable(report, context.style).join('\n'));
  if (report.rounds.length > 0) context.say(`The report: ${join(directory, 'report.html')}`);
  if (report.rounds.length === 0 || report.rounds.some(({ verdict }) => verdict.result !== 'passed')) {
    process.exitCode = 1;
  }
}

async function targetOf({ demo, cluster, yesThisIsNotProduction }: DrillArguments): Promise<Target> {
  if (cluster !== undefined) {
    const { namedTarget } = await import('../../drill/named-cluster.ts');
    return namedTarget(cluster, yesThisIsNotProduction === true);
  }
  if (yesThisIsNotProduction === true) {
    throw new Problem(
      'usage',
      '--yes-this-is-not-production: name the cluster with --cluster. A demo needs no such word.',
    );
  }
  const { demoTarget } = await import('../../drill/target.ts');
  return demoTarget(resolve(demo));
}

function sentenceOf({ verdict }: RoundReport, { errorStyle }: CliContext): string {
  const { fault, round, result, violations, longestPauseMs, acceptedLoss } = verdict;
  if (result === 'no effect')
    return errorStyle.warning(`! ${fault}, round ${round}: the fault took no effect`);
  const pause = longestPauseMs === null ? '' : `, longest pause ${Math.round(longestPauseMs)} ms`;
  const lost =
    acceptedLoss === undefined ? 'nothing lost' : `${acceptedLoss} writes lost, exactly as was accepted`;
  if (result === 'passed') return errorStyle.good(`✓ ${fault}, round ${round}: ${lost}${pause}`);
  const broken = violations.map(({ sentence }) => `\n    ${sentence}`).slice(0, 10);
  return errorStyle.fault(
    `✗ ${fault}, round ${round}: ${violations.length} broken promises${broken.join('')}`,
  );
}
