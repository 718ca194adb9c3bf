import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { NodeOptions } from '../../agent/operations.ts';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import { portNumber, wholeNumber } from './numbers.ts';
import { defaultPortBase, planPorts, type PortArguments, portOptions } from './ports.ts';

/** What `init` and `join` both understand. */
export interface NodeArguments extends PortArguments {
  readonly dir: string;
  readonly name: string;
  readonly host: string;
  readonly listen: string;
  readonly runAs: string;
  readonly postgresBin?: string;
  readonly logLevel: string;
  readonly etcdCa?: string;
  readonly etcdCert?: string;
  readonly etcdKey?: string;
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** Adds --dir, which every command about a node has. */
export function addDir(command: Command, context: CliContext): Command {
  return command.option(
    '--dir <dir>',
    "the node's directory (env HOLDFAST_DIR)",
    path('--dir'),
    context.environment.dir,
  );
}

/** Adds the options that make a node. */
export function addNodeOptions(command: Command, context: CliContext): Command {
  addDir(command, context)
    .option('--name <name>', "this node's name, unique in the cluster", hostname().toLowerCase())
    .option('--host <host>', 'name or address under which other nodes reach this one', hostname())
    .option('--listen <address>', 'address to listen on', '0.0.0.0')
    .option(
      '--ports <base>',
      `first of the seven ports: ${portOptions.map(({ offset, what }) => `+${offset} ${what}`).join('; ')}`,
      wholeNumber('--ports', 1, 65_529),
      defaultPortBase,
    );
  for (const { option, what } of portOptions) {
    command.option(`${option} <port>`, `port of ${what}, when not by --ports`, portNumber(option));
  }
  return command
    .option(
      '--run-as <user>',
      'unprivileged user for PostgreSQL and etcd, when root starts the node',
      'postgres',
    )
    .option(
      '--postgres-bin <dir>',
      "directory of PostgreSQL's programs (the newest that is installed)",
      path('--postgres-bin'),
    )
    .option('--log-level <level>', logLevels.join(', '), oneOf('--log-level', logLevels), 'info');
}

/** Adds what an external etcd is talked to with. */
export function addEtcdOptions(command: Command): Command {
  return command
    .option(
      '--etcd-ca <file>',
      "external etcd: certificate of the authority that issued etcd's own (PEM)",
      path('--etcd-ca'),
    )
    .option(
      '--etcd-cert <file>',
      'external etcd: client certificate that it accepts (PEM)',
      path('--etcd-cert'),
    )
    .option('--etcd-key <file>', 'external etcd: key of that certificate (PEM)', path('--etcd-key'));
}

/** The options as `initialiseNode` and `joinCluster` take them. */
export function nodeOptions(given: NodeArguments, context: CliContext, signal: AbortSignal): NodeOptions {
  return {
    dir: given.dir,
    name: given.name,
    host: given.host,
    listen: given.listen,
    ports: planPorts(given),
    runAs: given.runAs,
    postgresBin: given.postgresBin ?? null,
    logLevel: given.logLevel,
    etcdFiles: { ca: given.etcdCa ?? null, cert: given.etcdCert ?? null, key: given.etcdKey ?? null },
    onStep: (sentence) => context.say(`· ${sentence}`),
    signal,
  };
}

/** A parser for an option that is one of a few words. */
export function oneOf<const W extends string>(field: string, words: readonly W[]): (text: string) => W {
  return (text) => {
    const word = words.find((known) => known === text);
    if (word !== undefined) return word;
    throw new Problem('usage', `${field}: "${text}" is none of ${words.join(', ')}.`);
  };
}

/** A parser for an option that is a file or directory; it becomes absolute. */
export function path(field: string): (text: string) => string {
  return (text) => {
    if (text !== '' && !/\p{Cc}/u.test(text)) return resolve(text);
    throw new Problem('usage', `${field}: give a path.`);
  };
}
