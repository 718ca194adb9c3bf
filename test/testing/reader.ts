/**
 * A process that reads at one node until its standard input ends, where that node is: inside its network namespace. The first line
 * of the input says what; the output is one JSON object.
 */
import { createInterface } from 'node:readline';
import { ApiClient } from './api-client.ts';
import { ReadLoad } from './read-load.ts';

/** What the first line holds. */
export interface ReaderOrder {
  readonly url: string;
  readonly caFile: string;
  readonly account: string;
  readonly authorization: string;
  readonly prefix: string;
  readonly variable: string;
}

/** What comes out at the end. */
export interface ReaderResult {
  readonly answered: readonly string[];
  readonly unanswered: readonly string[];
  /** The longest time without an answer, milliseconds. */
  readonly longestGapMs: number;
}

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  const order: ReaderOrder = JSON.parse(line);
  const client = new ApiClient(order);
  client.useAuthorization(order.authorization);
  const load = new ReadLoad(client, order);
  load.start(4, 10);
  process.stdout.write('reading\n');
  lines.once('close', () => void report(load, client));
});

async function report(load: ReadLoad, client: ApiClient): Promise<void> {
  await load.stop();
  client.close();
  const times = load.answeredAt.toSorted((a, b) => a - b);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const result: ReaderResult = {
    answered: [...load.answered],
    unanswered: [...load.unanswered],
    longestGapMs: gaps.reduce((longest, gap) => Math.max(longest, gap), 0),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
