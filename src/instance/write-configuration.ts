import { readFile, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { writeFileAtomically } from '../runtime/files.ts';
import {
  autoConfiguration,
  type DynamicConfiguration,
  dynamicConfiguration,
  hostBasedAuthentication,
  identityMaps,
  mainConfiguration,
  staticConfiguration,
} from './configuration.ts';
import { type InstanceSettings, inPgdata } from './settings.ts';

/**
 * Writes every configuration file of the instance. Done before each start and around each rewind, because a base backup
 * or a rewind brings the other node's files.
 */
export async function writeConfiguration(
  settings: InstanceSettings,
  dynamic: DynamicConfiguration,
): Promise<void> {
  const major = Number.parseInt(await readFile(inPgdata(settings, 'PG_VERSION'), 'utf8'), 10);
  const users = [userInfo().username, ...(settings.runAs === null ? [] : [settings.runAs.name])];
  await put(settings, 'holdfast.conf', staticConfiguration(settings, major));
  await writeDynamicConfiguration(settings, dynamic);
  await put(settings, 'pg_hba.conf', hostBasedAuthentication());
  await put(settings, 'pg_ident.conf', identityMaps(users));
  await put(settings, 'postgresql.auto.conf', autoConfiguration);
  await put(settings, 'postgresql.conf', mainConfiguration);
}

/**
 * Writes what changes while the instance runs; a reload makes it true. Every start writes it anew, so that it need not
 * outlive the machine: a takeover does not wait for the disk.
 */
export async function writeDynamicConfiguration(
  settings: InstanceSettings,
  dynamic: DynamicConfiguration,
): Promise<void> {
  await writeFileAtomically(inPgdata(settings, 'holdfast.dynamic.conf'), dynamicConfiguration(dynamic), {
    owner: settings.runAs,
    durable: false,
  });
}

/** Makes the next start that of a standby, or of a primary. */
export async function writeStandbySignal(settings: InstanceSettings, standby: boolean): Promise<void> {
  if (standby) await put(settings, 'standby.signal', '');
  else await rm(inPgdata(settings, 'standby.signal'), { force: true });
  await rm(inPgdata(settings, 'recovery.signal'), { force: true });
}

async function put(settings: InstanceSettings, name: string, content: string): Promise<void> {
  await writeFileAtomically(inPgdata(settings, name), content, { owner: settings.runAs });
}
