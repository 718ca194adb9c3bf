import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { readSecret, readSecrets, writeSecret } from '../../client/secrets.ts';
import { addApiOptions, type ApiArguments } from '../arguments/api-arguments.ts';
import { wholeNumber } from '../arguments/numbers.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { readGivenBytes } from '../input/given-bytes.ts';
import { readGivenSecret } from '../input/given-secret.ts';
import { plain } from '../render/plain.ts';
import { jsonText } from '../render/json-text.ts';

interface GetArguments extends ApiArguments {
  readonly version?: number;
  readonly json?: true;
}

interface SetArguments extends ApiArguments {
  readonly file?: string;
  readonly trim?: true;
}

/** The server's own limit for a body. */
const valueLimitBytes = 1024 * 1024;

const getExamples = `
One value is written as it is, byte for byte (a terminal gets a newline after it); several, or --json, as a JSON object.

Examples:
  holdfast variable get db/password
  holdfast variable get db/user db/password | jq -r '."db/user"'`;

const setExamples = `
The value is the content of the file or of standard input, byte for byte; at a terminal it is asked for. It is never
taken from the command line, where others could see it.

Examples:
  holdfast variable set db/password                          asks for it
  holdfast variable set tls/key --file server.key
  openssl rand -base64 24 | holdfast variable set db/password --trim`;

export function addVariable(program: Command, context: CliContext): void {
  const group = program
    .command('variable')
    .summary('get and set secrets')
    .description('Secrets: the values of variables.');
  addGet(group, context);
  addSet(group, context);
}

function addGet(group: Command, context: CliContext): void {
  const command = group
    .command('get')
    .summary('print the value of a variable')
    .description('Prints the newest value of a variable, or of several at once: all of them or none.')
    .argument('<id...>', 'variables, as db/password')
    .option(
      '--version <number>',
      'an older version; of one variable only',
      wholeNumber('--version', 1, 2 ** 31 - 1),
    )
    .option('--json', 'as a JSON object, also for one');
  addApiOptions(command)
    .addHelpText('after', getExamples)
    .action((ids: readonly string[], given: GetArguments) => {
      const [only = ''] = ids;
      if (given.version !== undefined && ids.length > 1) {
        throw new Problem('usage', '--version: it goes with one variable only.');
      }
      return withApi(given, context, async (client) => {
        if (ids.length === 1) {
          const value = (await readSecret(client, only, given.version ?? null)).reveal();
          if (given.json) context.answer(jsonText({ [only]: textOf(only, value) }));
          else writeValue(value);
          return;
        }
        const values = await readSecrets(client, [...new Set(ids)]);
        const revealed = Array.from(values, ([id, value]) => [id, value.reveal()] as const);
        context.answer(jsonText(Object.fromEntries(revealed)));
      });
    });
}

function addSet(group: Command, context: CliContext): void {
  const command = group
    .command('set')
    .summary('store a value')
    .description('Stores a value as the newest version of a variable.')
    .argument('<id>', 'the variable, as db/password')
    .option('-f, --file <file>', 'file with the value; -: standard input')
    .option('--trim', 'leave out one newline at the end');
  addApiOptions(command)
    .addHelpText('after', setExamples)
    .action((id: string, given: SetArguments) =>
      withApi(given, context, async (client) => {
        const value = await readValue(id, given, context);
        await writeSecret(client, id, value);
        context.say(`✓ ${plain(id)} has its new value.`);
      }),
    );
}

async function readValue(
  id: string,
  { file, trim }: SetArguments,
  context: CliContext,
): Promise<Secret<Uint8Array<ArrayBuffer>>> {
  const option = '--file';
  const given = await readGivenBytes({ option, file, limitBytes: valueLimitBytes });
  if (given === null) {
    const typed = await readGivenSecret({ option, file, prompt: `Value of ${plain(id)}` });
    return new Secret(new TextEncoder().encode(typed.reveal()));
  }
  const ends = /\r?\n$/u.exec(given.subarray(-2).toString('latin1'))?.[0].length ?? 0;
  const value = trim ? given.subarray(0, given.length - ends) : given;
  if (value.length === 0) throw new Problem('usage', `${option}: the value is empty.`);
  if (!trim && ends > 0)
    context.say('· The value ends with a newline, and is stored with it (--trim leaves it out).');
  return new Secret(new Uint8Array(value));
}

function textOf(id: string, value: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    throw new Problem('usage', `--json: the value of ${plain(id)} is not text; get it without --json.`);
  }
}

function writeValue(value: Uint8Array): void {
  process.stdout.write(value);
  if (process.stdout.isTTY && value.at(-1) !== 0x0a) process.stdout.write('\n');
}
