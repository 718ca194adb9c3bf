import { mkdir } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { ClusterStatus } from '../agent/operations.ts';
import type { DrillReport, RoundReport } from '../core/drill/verdict.ts';
import { Problem } from '../core/problem.ts';
import { readFileIfThere, writeFileAtomically } from '../runtime/files.ts';
import { reportPage } from './page/report-page.ts';

/** What a report says of the drill that wrote it. */
export interface DrillFacts {
  /** Where `report.json` and `report.html` are. */
  readonly directory: string;
  readonly seed: number;
  readonly product: string;
  readonly fillMb: number;
}

/**
 * The report to go on with: that in the directory, or an empty one.
 *
 * @throws Problem `directory_not_ours` for the report of another seed, and for a file that no drill has written whole
 */
export async function openReport(
  { directory, seed, product, fillMb }: DrillFacts,
  status: Pick<ClusterStatus, 'nodes' | 'ttlMs'>,
): Promise<DrillReport> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const now = new Date().toISOString();
  const text = await readFileIfThere(join(directory, 'report.json'));
  const fresh: DrillReport = {
    format: 1,
    product,
    startedAt: now,
    endedAt: now,
    seed,
    fillMb,
    cluster: {
      nodes: status.nodes.map(({ name, kind }) => ({ name, kind })),
      ttlMs: status.ttlMs,
      machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    },
    rounds: [],
    skipped: [],
  };
  if (text === null) return fresh;
  const earlier = readReport(text, directory);
  if (earlier.format === 1 && earlier.seed === seed) return earlier;
  throw new Problem(
    'directory_not_ours',
    `--report: ${directory} holds the report of another drill (seed ${earlier.seed}). Name another directory, or that seed to go on with it.`,
  );
}

/** @throws Problem `directory_not_ours` for a file that no drill has written whole */
function readReport(text: string, directory: string): DrillReport {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const detail = `--report: report.json in ${directory} is no report of a drill. Name another directory.`;
    throw new Problem('directory_not_ours', detail, { cause });
  }
}

/** A round without effect tried nothing, and comes again; what was found broken stands, whatever its fault did. */
export function isDone({ rounds }: DrillReport, fault: string, round: number): boolean {
  return rounds.some(
    ({ verdict }) => verdict.fault === fault && verdict.round === round && verdict.result !== 'no effect',
  );
}

/** The report with one round more, instead of an earlier try of the same. */
export function withRound(report: DrillReport, entry: RoundReport, now: Date): DrillReport {
  const { fault, round } = entry.verdict;
  const others = report.rounds.filter(({ verdict }) => verdict.fault !== fault || verdict.round !== round);
  return { ...report, endedAt: now.toISOString(), rounds: [...others, entry] };
}

/** Writes both files, each whole or not at all. */
export async function writeReport(directory: string, report: DrillReport): Promise<void> {
  await writeFileAtomically(join(directory, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFileAtomically(join(directory, 'report.html'), reportPage(report));
}
