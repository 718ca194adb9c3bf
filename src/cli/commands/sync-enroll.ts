import { isProblem, Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';
import type { ConjurClient } from '../../client/client.ts';
import { rotateKeyOf } from '../../client/identity.ts';
import { loadPolicy } from '../../client/policies.ts';
import type { ApiArguments } from '../arguments/api-arguments.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { reserveFile } from '../input/reserved-file.ts';

export interface SyncEnrollArguments extends ApiArguments {
  readonly keyFile?: string;
  readonly rotate?: true;
}

/** Makes the host of one synchronizer, and writes its API key into a file that nobody else can read. */
export async function syncEnroll(
  name: string,
  given: SyncEnrollArguments,
  context: CliContext,
): Promise<void> {
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/u.test(name))
    throw new Problem(
      'usage',
      `NAME: "${name}" must consist of letters, digits, dots, dashes and underlines.`,
    );
  const { membersBranch } = await import('../../synchronizer/init/init-loads.ts');
  const identifier = `${membersBranch}/${name}`;
  const file = await reserveFile('--key-file', given.keyFile ?? `${name}.key`);
  try {
    const apiKey = await withApi(given, context, (client) => keyOf(client, name, identifier, given.rotate));
    await file.fill(`${apiKey.reveal()}\n`);
  } catch (error) {
    await file.giveUp();
    throw error;
  }
  context.say(`✓ host/${identifier} may take part. Its API key is in ${file.path}; keep it there.`);
  context.say(`In the configuration: target.login: host/${identifier}, target.apiKeyFile: ${file.path}`);
}

async function keyOf(
  client: ConjurClient,
  name: string,
  identifier: string,
  rotate: true | undefined,
): Promise<Secret<string>> {
  const { memberLoad } = await import('../../synchronizer/init/init-loads.ts');
  const { createdRoles } = await loadPolicy(client, memberLoad(name)).catch((error: unknown) => {
    if (!isProblem(error, 'api_missing')) throw error;
    const sentence = `${error.detail} Run "holdfast sync init" first, as somebody who may load into root.`;
    throw new Problem('api_missing', sentence, { cause: error });
  });
  const created = createdRoles.find(({ id }) => id === `${client.account}:host:${identifier}`);
  if (created !== undefined) return created.apiKey;
  if (rotate === true) return rotateKeyOf(client, { kind: 'host', identifier });
  throw new Problem(
    'operation_refused',
    `NAME: host/${identifier} is there already, and its API key is told once. To give it a new one, say --rotate; the old one is worth nothing then.`,
  );
}
