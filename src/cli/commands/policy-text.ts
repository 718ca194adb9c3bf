import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { ConjurClient } from '../../client/client.ts';
import { dryRunPolicy, type PolicyChanges, type PolicyText } from '../../client/policies.ts';
import type { ApiArguments } from '../arguments/api-arguments.ts';
import { readGivenBytes } from '../input/given-bytes.ts';
import { plain } from '../render/plain.ts';

export interface PolicyArguments extends ApiArguments {
  readonly branch: string;
  readonly file?: string;
  readonly json?: true;
}

/** The server's own limit for a policy. */
const policyLimitBytes = 10 * 1024 * 1024;

/** What a policy would change. @throws Problem `api_invalid` with every fault and its place */
export async function tryPolicy(client: ConjurClient, policy: PolicyText): Promise<PolicyChanges> {
  const outcome = await dryRunPolicy(client, policy);
  if (outcome.valid) return outcome.changes;
  const faults = outcome.faults.map(({ line, column, message }) => {
    const place = line > 0 ? `line ${line}, column ${column}: ` : '';
    return `${place}${plain(message.replaceAll(/\s+/gu, ' ').trim())}`;
  });
  throw new Problem('api_invalid', `--file: the policy cannot be loaded. ${faults.join('; ')}`);
}

/** The text of the policy. @throws Problem `usage` */
export async function readPolicyText({ file }: PolicyArguments): Promise<string> {
  const bytes = await readGivenBytes({ option: '--file', file, limitBytes: policyLimitBytes });
  if (bytes === null)
    throw new Problem('usage', '--file: name the file with the policy, or - for standard input.');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('usage', '--file: the policy is not UTF-8 text.');
  }
}

/** Adds --branch and --file. */
export function withText(command: Command): Command {
  return withBranch(command).option('-f, --file <file>', 'file with the policy, YAML; -: standard input');
}

export function withBranch(command: Command): Command {
  return command.requiredOption('-b, --branch <branch>', 'the policy, as root or apps/shop');
}
