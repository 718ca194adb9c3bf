import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { checkpointOf, rowOf, trailChainOf } from '../../client/trail.ts';
import type { TrailToCheck } from '../../core/audit/check-trail.ts';
import type { ExportedCheckpoint, ExportedRow } from '../../core/audit/exported.ts';
import type { TrailChain } from '../../core/audit/trail-verifier.ts';
import { describeError, Problem } from '../../core/problem.ts';

const rowsAtOnce = 2000;

/**
 * A trail as `holdfast audit export` has written it.
 *
 * @throws Problem `usage` that names the first line that is none of an export
 */
export async function openTrailFile(file: string): Promise<TrailToCheck> {
  const lines = typedLines(file);
  const chains: TrailChain[] = [];
  const checkpoints: ExportedCheckpoint[] = [];
  let first: ExportedRow | null = null;
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    const { type, read } = line.value;
    if (type === 'chain') chains.push(read(trailChainOf));
    else if (type === 'checkpoint') checkpoints.push(read(checkpointOf));
    else {
      first = read(rowOf);
      break;
    }
  }
  return { chains, checkpoints, pages: pagesOf(first, lines), chainsAfter: async () => [] };
}

/** A line of an export: what it is of, and how to read it. */
interface TypedLine {
  readonly type: unknown;
  readonly read: <T>(as: (value: unknown) => T) => T;
}

async function* pagesOf(
  first: ExportedRow | null,
  lines: AsyncGenerator<TypedLine, void>,
): AsyncGenerator<readonly ExportedRow[], void> {
  let page: ExportedRow[] = first === null ? [] : [first];
  for await (const { read } of lines) {
    page.push(read(rowOf));
    if (page.length < rowsAtOnce) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function* typedLines(file: string): AsyncGenerator<TypedLine, void> {
  const input = createReadStream(file);
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number += 1;
      if (line !== '') yield typedLine(line, `${file}, line ${number}`);
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('usage', `--file: ${describeError(error)}`, { cause: error });
  }
}

function typedLine(line: string, where: string): TypedLine {
  const read = <T>(as: (value: unknown) => T): T => {
    try {
      return as(JSON.parse(line));
    } catch (error) {
      throw new Problem(
        'usage',
        `--file: ${where} is no line of "holdfast audit export". An export that broke off ends in the middle of one.`,
        { cause: error },
      );
    }
  };
  return { type: read((value) => Object(value)['type']), read };
}
