import type { Command } from 'commander';
import { addAccount } from './commands/account.ts';
import { addHost, addUser } from './commands/api-keys.ts';
import { addAudit } from './commands/audit.ts';
import { addHostFactory } from './commands/host-factory.ts';
import { addLogin } from './commands/login.ts';
import { addPolicy } from './commands/policy.ts';
import { addCheck, addList, addShow } from './commands/resources.ts';
import { addRole } from './commands/role.ts';
import { addSync } from './commands/sync.ts';
import { addVariable } from './commands/variable.ts';
import { addWhoami } from './commands/whoami.ts';
import type { CliContext } from './context.ts';

/** Adds the commands that speak to the API of a cluster. */
export function addApiCommands(program: Command, context: CliContext): void {
  program.commandsGroup('The cluster:');
  addAccount(program, context);
  addAudit(program, context);
  program.commandsGroup('Secrets and policies, from anywhere:');
  addLogin(program, context);
  addWhoami(program, context);
  addVariable(program, context);
  addPolicy(program, context);
  addList(program, context);
  addShow(program, context);
  addCheck(program, context);
  addRole(program, context);
  addHost(program, context);
  addUser(program, context);
  addHostFactory(program, context);
  addSync(program, context);
}
