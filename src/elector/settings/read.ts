import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { readConsulAddress } from '../consul/address.ts';
import type { ConsulConnection } from '../consul/connection-settings.ts';
import { logLevels } from '../log.ts';
import { oneOf, readElection } from './read-election.ts';
import { type Faults, optional, type Reader } from './reader.ts';
import type { SidecarSettings } from './settings.ts';
import { fileNameOf, rowOf, type Sayings, type SettingName, settingNames } from './table.ts';

/** Where settings come from. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: Sayings;
  readonly file: { readonly shared: Sayings; readonly elections: readonly Sayings[] } | null;
}

/**
 * The settings that the sources give together. The nearest counts: a flag before an election of the file, that before the
 * rest of the file, and all of them before the environment.
 *
 * @throws Problem `config_invalid` with every fault, one sentence each
 */
export function readSettings({ env, flags, file }: Sources): SidecarSettings {
  const sentences: string[] = [];
  const warnings: string[] = [];
  const faults: Faults = { add: (one) => sentences.push(one), warn: (one) => warnings.push(one) };
  const shared: readonly Layer[] = [
    { say: flags, name: (row) => `--${rowOf(row).flag ?? row}` },
    { say: file?.shared ?? {}, name: (row) => fileNameOf(row) ?? row },
    { say: fromEnvironment(env), name: (row) => rowOf(row).env },
  ];
  const common = readerOf(shared);
  const each = file === null || file.elections.length === 0 ? [{}] : file.elections;
  const elections = each.map((own, at) => {
    const [nearest, ...others] = shared;
    const layer: Layer = { say: own, name: (row) => `elections[${at}].${fileNameOf(row) ?? row}` };
    return readElection(readerOf(nearest === undefined ? [layer] : [nearest, layer, ...others]), faults);
  });
  const keys = elections.map(({ key }) => key);
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined) faults.add(`elections: two of them have the key ${twice}. Each needs its own.`);
  const services = elections.map(({ service }) => JSON.stringify(service));
  const shares = elections.find(
    (_one, at) => keys.indexOf(keys[at] ?? '') === at && services.indexOf(services[at] ?? '') !== at,
  );
  if (shares !== undefined) {
    faults.add(
      `elections: two of them mark the same service "${shares.serviceName}", and would undo each other's Meta.session. Give each a service of its own.`,
    );
  }
  const settings: SidecarSettings = {
    connection: readConnection(common, faults),
    logLevel: oneOf(
      { ...common, said: (row) => common.said(row).toLowerCase() },
      faults,
      'logLevel',
      logLevels,
    ),
    http: readHttp(common, faults),
    elections,
    warnings,
  };
  if (sentences.length > 0) throw new Problem('config_invalid', sentences.join('\n'));
  return settings;
}

interface Layer {
  readonly say: Sayings;
  readonly name: (row: SettingName) => string;
}

function fromEnvironment(env: Sources['env']): Sayings {
  return Object.fromEntries(settingNames.map((name) => [name, env[rowOf(name).env] ?? '']));
}

function readerOf(layers: readonly Layer[]): Reader {
  const layerOf = (row: SettingName): Layer | undefined => layers.find(({ say }) => (say[row] ?? '') !== '');
  return {
    said: (row) => layerOf(row)?.say[row] ?? rowOf(row).fallback,
    isSaid: (row) => layerOf(row) !== undefined,
    name: (row) => (layerOf(row) ?? layers.at(-1))?.name(row) ?? row,
  };
}

function readConnection(reader: Reader, faults: Faults): ConsulConnection {
  const { said, name } = reader;
  const text = (row: SettingName): string | null => optional(said(row));
  const token = text('token');
  const basicAuth = text('basicAuth');
  for (const row of ['token', 'basicAuth'] as const) {
    if (/\p{Cc}/u.test(said(row)))
      faults.add(`${name(row)}: it has a line end or another control character.`);
  }
  const connection: ConsulConnection = {
    address: said('consulAddress'),
    useTls: readSwitch(reader, faults, 'useTls'),
    token: token === null ? null : new Secret(token),
    tokenFile: text('tokenFile'),
    basicAuth: basicAuth === null ? null : new Secret(basicAuth),
    caFile: text('caFile'),
    clientCertFile: text('clientCertFile'),
    clientKeyFile: text('clientKeyFile'),
    serverName: text('serverName'),
    verifyTls: readSwitch(reader, faults, 'verifyTls'),
    namespace: text('namespace'),
    datacenter: text('datacenter'),
  };
  try {
    readConsulAddress(connection.address, connection.useTls);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    faults.add(error.detail.replace(/^CONSUL_HTTP_ADDR/u, name('consulAddress')));
  }
  if ((connection.clientCertFile === null) !== (connection.clientKeyFile === null)) {
    faults.add(`${name('clientCertFile')} and ${name('clientKeyFile')} belong together: one is missing.`);
  }
  if (!connection.verifyTls) faults.warn(`${name('verifyTls')}: whoever answers is trusted.`);
  return connection;
}

function readSwitch({ said, name }: Reader, faults: Faults, row: SettingName): boolean {
  const text = said(row).toLowerCase();
  if (['true', '1', 't'].includes(text)) return true;
  if (!['false', '0', 'f'].includes(text)) faults.add(`${name(row)}: "${text}" is neither true nor false.`);
  return false;
}

function readHttp({ said, name }: Reader, faults: Faults): SidecarSettings['http'] {
  const text = said('http');
  if (text === '') return null;
  const parts = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]]*)):(?<port>\d{1,5})$/u.exec(text)?.groups;
  const port = Number(parts?.['port']);
  if (parts !== undefined && port < 65_536) {
    return { host: parts['v6'] ?? (parts['host'] === '' ? '0.0.0.0' : (parts['host'] ?? '')), port };
  }
  faults.add(`${name('http')}: "${text}" is no HOST:PORT.`);
  return null;
}
