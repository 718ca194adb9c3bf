import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { nodeLayout } from '../../agent/layout.ts';
import { readNodeConfig } from '../../agent/node-config.ts';
import { spawnDependent } from '../../runtime/dependent-child.ts';
import type { TargetNode } from '../target.ts';

/** Transactions that stay open until they are ended from either side. */
export interface OpenTransactions {
  /** Resolves true once each of them has done its first statement; false where one could not. */
  readonly areOpen: Promise<boolean>;
  readonly close: () => Promise<void>;
}

const openMs = 10_000;
const mark = 'open';

/**
 * What is done in each, without a trace in the product's tables: nothing of it is ever committed. One reads, one has written
 * and holds locks, one is at work, for longer than any switchover may take.
 */
const transactions: readonly { readonly first: string; readonly rest: string }[] = [
  { first: 'select count(*) from pg_class', rest: '' },
  { first: 'create temporary table drill_scratch as select 1', rest: '' },
  { first: 'select pg_advisory_xact_lock(4711)', rest: 'select pg_sleep(180);' },
];

/**
 * Opens long transactions in the data instance of a node, as a superuser over its unix socket: for the user that runs the
 * node, and nobody else.
 */
export async function openTransactions(node: TargetNode): Promise<OpenTransactions> {
  const { addresses } = await readNodeConfig(node.dir);
  const place = `host=${nodeLayout(node.dir).sockets} port=${addresses.data} user=holdfast dbname=holdfast`;
  const sessions = transactions.map(({ first, rest }) => {
    const session = spawnDependent(['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', place], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    session.stdin?.on('error', () => undefined); // it was cut off, as it should be
    // Should nobody cut it off, the server notices all the same that its client is gone.
    const before = "set client_connection_check_interval = '1s'; begin isolation level repeatable read;";
    session.stdin?.write(`${before} ${first};\n\\echo ${mark}\n${rest}\n`);
    return { session, isOpen: says(session, mark) };
  });
  return {
    areOpen: Promise.all(sessions.map(({ isOpen }) => isOpen)).then((open) => open.every(Boolean)),
    close: async () => {
      await Promise.all(sessions.map(({ session }) => end(session)));
    },
  };
}

/** Resolves true with the line, false with the program's end or after a while. */
async function says(session: ChildProcess, line: string): Promise<boolean> {
  if (session.stdout === null) return false;
  const said = Promise.withResolvers<boolean>();
  const late = setTimeout(() => said.resolve(false), openMs);
  session.once('error', () => said.resolve(false)); // there is no such program
  session.once('close', () => said.resolve(false));
  createInterface({ input: session.stdout }).on('line', (text) => {
    if (text === line) said.resolve(true);
  });
  return said.promise.finally(() => clearTimeout(late));
}

async function end(session: ChildProcess): Promise<void> {
  if (session.pid === undefined || session.exitCode !== null || session.signalCode !== null) return;
  const gone = once(session, 'exit');
  session.kill('SIGKILL');
  await gone;
}
