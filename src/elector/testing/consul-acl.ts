import type { ConsulApi } from './consul-api.ts';
import { consulApi } from './consul-api.ts';
import { untilDone } from './consul-agent.ts';

interface AclToken {
  readonly AccessorID: string;
  readonly SecretID: string;
}

/** Makes the first token of a cluster with ACLs, which may do everything. It can be made once. */
export async function bootstrapAcl(address: string): Promise<string> {
  const api = consulApi(address, null);
  const { SecretID } = await untilDone(() => api.put<AclToken>('acl/bootstrap'));
  return SecretID;
}

/**
 * A token with these rules (developer.hashicorp.com/consul/docs/security/acl/acl-rules), such as
 * `key_prefix "app/" { policy = "write" }`.
 */
export async function tokenWith(api: ConsulApi, name: string, rules: string): Promise<string> {
  await api.put('acl/policy', { Name: name, Rules: rules });
  const { SecretID } = await api.put<AclToken>('acl/token', { Policies: [{ Name: name }] });
  return SecretID;
}

/** From now on nobody is let in with this token. */
export async function revoke(api: ConsulApi, token: string): Promise<void> {
  const tokens = (await api.get<readonly AclToken[]>('acl/tokens')) ?? [];
  const listed = await Promise.all(
    tokens.map(({ AccessorID }) => api.get<AclToken>(`acl/token/${AccessorID}`)),
  );
  const found = listed.find((one) => one?.SecretID === token);
  if (found === undefined || found === null) throw new Error('there is no such token');
  await api.ask('DELETE', `acl/token/${found.AccessorID}`);
}
