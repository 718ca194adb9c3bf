import { Problem } from '../../core/problem.ts';
import { logLevels } from '../log.ts';
import { type Layer, readerOf } from './layers.ts';
import { readConnection } from './read-connection.ts';
import { oneOf, readElection } from './read-election.ts';
import type { Faults, Reader } from './reader.ts';
import type { SidecarSettings } from './settings.ts';
import { fileNameOf, rowOf, type Sayings, settingNames } from './table.ts';
import { checkTogether } from './together.ts';

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
  // What all elections share is read with each of them.
  const once = (list: string[], one: string): void => {
    if (!list.includes(one)) list.push(one);
  };
  const faults: Faults = { add: (one) => once(sentences, one), warn: (one) => once(warnings, one) };
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
  checkTogether(elections, faults);
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

function fromEnvironment(env: Sources['env']): Sayings {
  return Object.fromEntries(settingNames.map((name) => [name, env[rowOf(name).env] ?? '']));
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
