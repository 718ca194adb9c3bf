import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import { createHost, createHostFactoryTokens, revokeHostFactoryToken } from '../../client/host-factories.ts';
import { addAddressOptions, addApiOptions, type ApiArguments } from '../arguments/api-arguments.ts';
import { wholeNumber } from '../arguments/numbers.ts';
import { timeOption } from '../arguments/time-option.ts';
import { withAddress, withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { readGivenSecret } from '../input/given-secret.ts';
import { renderInstant } from '../render/instant.ts';
import { plain, withoutAccount } from '../render/plain.ts';
import { jsonText } from '../render/json-text.ts';

interface CreateTokensArguments extends ApiArguments {
  readonly ttl: number;
  readonly count: number;
  readonly cidr: readonly string[];
  readonly json?: true;
}

interface TokenFileArguments extends ApiArguments {
  readonly tokenFile?: string;
}

interface CreateHostArguments extends TokenFileArguments {
  readonly annotation: Readonly<Record<string, string>>;
  readonly json?: true;
}

/** `holdfast hostfactory …`. */
export function addHostFactory(program: Command, context: CliContext): void {
  const group = program
    .command('hostfactory')
    .summary('let machines enrol themselves')
    .description('Host factories: with a token of one, a machine makes its own host.');
  const tokens = group
    .command('tokens')
    .summary('make and revoke tokens')
    .description('Tokens of host factories.');
  addCreateTokens(tokens, context);
  addRevoke(tokens, context);
  const hosts = group.command('hosts').summary('make hosts').description('Hosts made by a token.');
  addCreateHost(hosts, context);
}

function addCreateTokens(group: Command, context: CliContext): void {
  const command = group
    .command('create')
    .summary('make tokens')
    .description(
      'Makes tokens with which machines can make hosts. Prints them on standard output, a line each.',
    )
    .argument('<factory>', 'the host factory, as apps/web')
    .addOption(
      timeOption('--ttl <time>', 'how long they are good', {
        leastMs: 1000,
        mostMs: 365 * 86_400_000,
        usual: '1h',
      }),
    )
    .option('--count <number>', 'how many', wholeNumber('--count', 1, 1000), 1)
    .option('--cidr <range>', 'from where they may be used, as 10.0.0.0/8; repeat', collect, [])
    .option('--json', 'as JSON');
  addApiOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  holdfast hostfactory tokens create apps/web --ttl 15m --cidr 10.1.0.0/16 >token',
    )
    .action((factory: string, { ttl, count, cidr, json, ...given }: CreateTokensArguments) =>
      withApi(given, context, async (client) => {
        const expiration = new Date(Date.now() + ttl);
        const made = await createHostFactoryTokens(client, { factory, expiration, count, cidr });
        context.say(
          `✓ ${made.length === 1 ? 'A token' : `${made.length} tokens`} of ${plain(factory)}, good until ${renderInstant(expiration)}.`,
        );
        const revealed = made.map((one) => ({ ...one, token: one.token.reveal() }));
        context.answer(json ? jsonText(revealed) : revealed.map(({ token }) => token).join('\n'));
      }),
    );
}

function addRevoke(group: Command, context: CliContext): void {
  const command = group
    .command('revoke')
    .summary('revoke a token')
    .description('Makes a token useless. It is read from a file or standard input, since it is a secret.')
    .option('--token-file <file>', 'file with the token; -: standard input');
  addApiOptions(command)
    .addHelpText('after', '\nExample:\n  holdfast hostfactory tokens revoke <token')
    .action((given: TokenFileArguments) =>
      withApi(given, context, async (client) => {
        await revokeHostFactoryToken(client, await readGivenSecret(tokenQuestion(given)));
        context.say('✓ The token is good for nothing any more.');
      }),
    );
}

function addCreateHost(group: Command, context: CliContext): void {
  const command = group
    .command('create')
    .summary('make a host by a token')
    .description(
      'Makes a host with a token, without logging in. Prints its API key on standard output, once.',
    )
    .argument('<id>', 'of the new host')
    .option('--token-file <file>', 'file with the token; -: standard input')
    .option('--annotation <name=value>', 'an annotation of the host; repeat', annotation, {})
    .option('--json', 'id and API key as JSON');
  addAddressOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  holdfast hostfactory hosts create web-17 --token-file token >web-17.key',
    )
    .action((id: string, given: CreateHostArguments) =>
      withAddress(given, context, async (door, { account }) => {
        const token = await readGivenSecret(tokenQuestion(given));
        const host = await createHost(door, { id, token, annotations: given.annotation });
        const apiKey = host.apiKey?.reveal() ?? null;
        const how = apiKey === null ? 'is there; it has no API key' : 'can log in with its new API key';
        context.say(`✓ ${plain(withoutAccount(host.id, account))} ${how}.`);
        if (given.json) context.answer(jsonText({ id: host.id, api_key: apiKey }));
        else if (apiKey !== null) context.answer(apiKey);
      }),
    );
}

function tokenQuestion({ tokenFile }: TokenFileArguments): Parameters<typeof readGivenSecret>[0] {
  return { option: '--token-file', file: tokenFile, prompt: 'Token of the host factory' };
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function annotation(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=]+)=(.*)$/su.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new Problem('usage', `--annotation: "${text.slice(0, 80)}" must be written as name=value.`);
  }
  return { ...before, [name]: value };
}
