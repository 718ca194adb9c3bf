import type { RequestOptions } from 'node:http';
import { type ConsulAddress, readConsulAddress } from './address.ts';
import type { ConsulConnection } from './connection-settings.ts';
import { openConnector } from './connector.ts';
import { type ConsulAnswer, type ConsulCall, exchange } from './exchange.ts';
import { readToken } from './token.ts';

export type { ConsulAnswer, ConsulCall } from './exchange.ts';

/** A Consul agent: calls over connections that are kept. */
export interface ConsulHttp {
  /** @throws Problem `consul_unreachable` (certainly not done), `consul_unanswered` (it may have been) */
  readonly call: (call: ConsulCall) => Promise<ConsulAnswer>;
  /** What is asked in an error's stead: the address, for people. */
  readonly where: string;
  /** The datacenter that calls name; null: none, which is the agent's own. */
  readonly datacenter: string | null;
  readonly close: () => void;
}

/** @throws Problem `config_invalid` when the address is none or a file cannot be read */
export async function openConsulHttp(connection: ConsulConnection): Promise<ConsulHttp> {
  const address = readConsulAddress(connection.address, connection.useTls);
  const open = await openConnector(address, connection);
  const token = readToken(connection);
  const send = (call: ConsulCall): Promise<ConsulAnswer> =>
    exchange(open.request, optionsOf(call, address, connection, token.current()), call, connection.address);
  return {
    where: connection.address,
    datacenter: connection.datacenter,
    call: async (call) => {
      const answer = await send(call);
      // A token file is written anew when the token changes.
      return answer.status === 403 && token.refresh() ? send(call) : answer;
    },
    close: () => open.agent.destroy(),
  };
}

function optionsOf(
  call: ConsulCall,
  address: ConsulAddress,
  { datacenter, namespace, basicAuth }: ConsulConnection,
  token: string | null,
): RequestOptions {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {}))
    query.set(name, value === true ? '' : String(value));
  // The agent's own entries are in no other datacenter.
  if (datacenter !== null && !call.path.startsWith('/v1/agent/')) query.set('dc', datacenter);
  if (namespace !== null) query.set('ns', namespace);
  const path = `${address.kind === 'tcp' ? address.path : ''}${call.path}${query.size === 0 ? '' : `?${query.toString()}`}`;
  const to =
    address.kind === 'tcp' ? { host: address.host, port: address.port } : { socketPath: address.socketPath };
  const auth =
    basicAuth === null
      ? {}
      : { authorization: `Basic ${Buffer.from(basicAuth.reveal()).toString('base64')}` };
  const headers = { ...(token === null ? {} : { 'x-consul-token': token }), ...auth };
  return { ...to, method: call.method, path, headers };
}
