import { join } from 'node:path';
import { isProblem } from '../../core/problem.ts';
import { readFileIfThere } from '../../runtime/files.ts';
import type { ApiArguments } from '../arguments/api-arguments.ts';
import type { ConnectionSettings, Environment } from '../environment.ts';
import type { Source } from './choose.ts';
import { readCertificate, readConjurrc } from './conjurrc.ts';
import { readSession } from './session-file.ts';

/**
 * Every place that may say where the API is and who one is, the most deliberate first: the options; the node that --dir
 * names; HOLDFAST_… and CONJUR_… in the environment; what `holdfast login` remembers; what the official CLI remembers; the
 * node of HOLDFAST_DIR, or in the usual directory. The account that a node was made with counts last: a cluster has others.
 */
export async function gatherSources(
  given: ApiArguments,
  environment: Environment,
): Promise<readonly Source[]> {
  const { api } = environment;
  const session = await readSession(api.sessionFile);
  const conjurrc = await readConjurrc(api);
  const node = given.dir === undefined ? null : await fromNode(given.dir);
  return [
    await fromSettings('the command line', { ...nothing, ...optionsOf(given) }, '--ca-file'),
    ...(node === null ? [] : [{ ...node, account: null }]),
    await fromSettings('the environment', api.ours, 'HOLDFAST_CA_FILE'),
    await fromSettings('the environment', api.conjur, 'CONJUR_CERT_FILE'),
    ...(session === null ? [] : [{ name: api.sessionFile, ...session }]),
    ...(conjurrc === null ? [] : [conjurrc]),
    ...(node === null ? await fromUsualNode(environment.dir) : [node]),
  ];
}

const nothing: ConnectionSettings = {
  url: null,
  account: null,
  caFile: null,
  ca: null,
  login: null,
  apiKey: null,
};

function optionsOf({ url, account, caFile, login }: ApiArguments): Partial<ConnectionSettings> {
  return {
    ...(url === undefined ? {} : { url }),
    ...(account === undefined ? {} : { account }),
    ...(caFile === undefined ? {} : { caFile }),
    ...(login === undefined ? {} : { login }),
  };
}

async function fromSettings(name: string, settings: ConnectionSettings, caField: string): Promise<Source> {
  const { url, account, ca, caFile, login, apiKey } = settings;
  return {
    name,
    url,
    account,
    ca: ca ?? (caFile === null ? null : await readCertificate(caFile, caField)),
    login,
    apiKey,
  };
}

/** @throws Problem `directory_not_ours`, `config_invalid` */
async function fromNode(dir: string): Promise<Source> {
  const { readApiAddress } = await import('../../agent/api-address.ts');
  return { name: dir, login: null, apiKey: null, ...(await readApiAddress(dir)) };
}

/** One that is not there, not whole, or not ours to read says nothing. */
async function fromUsualNode(dir: string): Promise<readonly Source[]> {
  try {
    return (await readFileIfThere(join(dir, 'node.json'))) === null ? [] : [await fromNode(dir)];
  } catch (error) {
    if (isProblem(error) || (error instanceof Error && 'code' in error)) return [];
    throw error;
  }
}
