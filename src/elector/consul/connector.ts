import { readFileSync } from 'node:fs';
import { Agent, type ClientRequest, request, type RequestOptions } from 'node:http';
import { Problem } from '../../core/problem.ts';
import type { ConsulAddress } from './address.ts';
import type { ConsulConnection } from './connection-settings.ts';

/** Opens requests on connections that are kept. */
export interface Connector {
  readonly agent: { readonly destroy: () => void };
  readonly request: (options: RequestOptions) => ClientRequest;
}

/**
 * TLS is loaded only where it is spoken: it takes memory.
 *
 * @throws Problem `config_invalid` when a file of a certificate cannot be read
 */
export async function openConnector(
  address: ConsulAddress,
  connection: ConsulConnection,
): Promise<Connector> {
  if (address.kind === 'unix' || !address.secure) {
    const agent = new Agent({ keepAlive: true });
    return { agent, request: (options) => request({ ...options, agent }) };
  }
  const https = await import('node:https');
  const { caFile, clientCertFile, clientKeyFile, serverName, verifyTls } = connection;
  const agent = new https.Agent({
    keepAlive: true,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: verifyTls,
    ...(caFile === null ? {} : { ca: readPem('CONSUL_CACERT', caFile) }),
    ...(clientCertFile === null ? {} : { cert: readPem('CONSUL_CLIENT_CERT', clientCertFile) }),
    ...(clientKeyFile === null ? {} : { key: readPem('CONSUL_CLIENT_KEY', clientKeyFile) }),
    ...(serverName === null ? {} : { servername: serverName }),
  });
  return { agent, request: (options) => https.request({ ...options, agent }) };
}

function readPem(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Problem('config_invalid', `${name}: ${file} cannot be read. Name a PEM file that is there.`, {
      cause,
    });
  }
}
