import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { readConsulAddress } from '../consul/address.ts';
import type { ConsulConnection } from '../consul/connection-settings.ts';
import { type Faults, optional, type Reader } from './reader.ts';
import type { SettingName } from './table.ts';

/** Reads how Consul is reached, and who we are to it. Faults are collected, so that all are told at once. */
export function readConnection(reader: Reader, faults: Faults): ConsulConnection {
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
