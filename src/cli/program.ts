import { Command } from 'commander';
import { addConfig } from './commands/config.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDrill } from './commands/drill.ts';
import { addElect } from './commands/elect.ts';
import { addFailover } from './commands/failover.ts';
import { addInit } from './commands/init.ts';
import { addJoin } from './commands/join.ts';
import { addLoadBalancer } from './commands/load-balancer.ts';
import { addMember } from './commands/member.ts';
import { addNode } from './commands/node.ts';
import { addRecover } from './commands/recover.ts';
import { addStatus } from './commands/status.ts';
import { addSwitchover } from './commands/switchover.ts';
import { addToken } from './commands/token.ts';
import type { CliContext } from './context.ts';

const overview = `
A cluster, from nothing:
  db1$ holdfast init --host db1.example.com --public-name vault.example.com >admin.key
  db1$ holdfast node                                    (or: systemctl enable --now holdfast)
  db1$ holdfast token create --kind standby >token      (says what to type on the new machine)
  db2$ holdfast join https://db1.example.com:8406 --host db2.example.com --token-file token
  db2$ holdfast node
  any$ holdfast status --watch

Policies and secrets, from anywhere:
  $ holdfast login alice --url https://vault.example.com --account default --ca-file ca.crt
  $ holdfast policy load -b root -f root.yml
  $ holdfast variable get db/password

Each command explains itself: holdfast COMMAND --help.
Exit codes: 0 done, 1 failed, 2 not understood. HOLDFAST_DIR names the node's directory, HOLDFAST_DEBUG=1 adds details
to failures.`;

/**
 * The command line with all its commands. Nothing is read or run until it parses arguments.
 *
 * @param words what will be parsed: `holdfast node` becomes the guardian, which should hold in memory what it needs and no
 *   more, so the commands that speak to the API are loaded for all others only
 */
export async function buildProgram(
  context: CliContext,
  version: string,
  words: readonly string[],
): Promise<Command> {
  const program = new Command('holdfast')
    .description('A self-healing secrets cluster that speaks the Conjur REST API.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand(false)
    .enablePositionalOptions() // "variable get --version" is not about this program's version
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ outputError: () => undefined }) // said once, by main
    .exitOverride()
    .addHelpText('after', overview);
  program.commandsGroup('A node:');
  addInit(program, context);
  addJoin(program, context);
  addNode(program, context);
  addDoctor(program, context);
  program.commandsGroup('The cluster:');
  addStatus(program, context);
  addToken(program, context);
  addSwitchover(program, context);
  addFailover(program, context);
  addRecover(program, context);
  addMember(program, context);
  addConfig(program, context);
  addLoadBalancer(program, context);
  addDrill(program, context);
  program.commandsGroup('Other groups of tasks:');
  addElect(program, context, version);
  if (words[0] !== 'node' && words[0] !== 'elect')
    (await import('./api-commands.ts')).addApiCommands(program, context);
  return program;
}

/** Where to read on about what was typed: `holdfast token create --help`. */
export function helpCommand(program: Command, words: readonly string[]): string {
  let command = program;
  const path = [program.name()];
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
    path.push(word);
  }
  return `${path.join(' ')} --help`;
}
