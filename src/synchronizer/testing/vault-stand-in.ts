import { type Asked, type Misbehaviour, type StandIn, startStandIn, type Told } from './web-stand-in.ts';

export interface HeldSecret {
  version: number;
  values: Record<string, unknown>;
  deleted?: true;
}

export interface VaultStandIn extends StandIn {
  /** Secrets of the mount `kv`, by path. */
  readonly secrets: Map<string, HeldSecret>;
  /** Tokens that are good. */
  readonly tokens: Set<string>;
  /** Paths of secrets and folders, with a slash at the end, that tokens of AppRole may not look at. */
  readonly forbidden: Set<string>;
  /** Seconds that root's token has left of 1000; null: it does not end. */
  rootLeftSeconds: number | null;
}

const missing: Told = { status: 404, json: { errors: [] } };
const denied: Told = { status: 403, json: { errors: ['permission denied'] } };
const noRoute: Told = { status: 404, json: { errors: ['no handler for route'] } };

/**
 * A KV engine of version 2, mounted at `kv`, and AppRole with `role-1` and `secret-1`; in the namespace `team` where one is given.
 */
export async function startVaultStandIn(settings: {
  readonly secrets: Map<string, HeldSecret>;
  readonly namespace?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
}): Promise<VaultStandIn> {
  const { secrets, namespace } = settings;
  const tokens = new Set(['root-token']);
  const forbidden = new Set<string>();
  let logins = 0;
  const answer = ({ method, url, headers, body }: Asked, lie: Misbehaviour | null): Told => {
    if (headers['x-vault-namespace'] !== namespace) return noRoute;
    if (url.pathname === '/v1/auth/approle/login' && method === 'POST') {
      const { role_id: role, secret_id: secret }: Record<string, string> = JSON.parse(body);
      if (role !== 'role-1' || secret !== 'secret-1')
        return { status: 400, json: { errors: ['invalid role or secret ID'] } };
      logins += 1;
      tokens.add(`app-token-${logins}`);
      return {
        status: 200,
        json: { auth: { client_token: `app-token-${logins}`, lease_duration: 3600, renewable: true } },
      };
    }
    if (!tokens.has(String(headers['x-vault-token']))) return denied;
    if (url.pathname === '/v1/auth/token/lookup-self') {
      const left = standIn.rootLeftSeconds;
      const life = { ttl: left ?? 0, creation_ttl: left === null ? 0 : 1000, renewable: left !== null };
      return { status: 200, json: { data: life } };
    }
    if (url.pathname === '/v1/auth/token/renew-self' && method === 'POST') {
      standIn.rootLeftSeconds = 1000;
      return { status: 200, json: { auth: { lease_duration: 1000, renewable: true } } };
    }
    if (url.pathname === '/v1/auth/token/revoke-self' && method === 'POST') {
      tokens.delete(String(headers['x-vault-token']));
      return { status: 204, json: undefined };
    }
    const [, operation = '', rest = ''] =
      /^\/v1\/kv\/(metadata|subkeys|data)\/(.*)$/u.exec(url.pathname) ?? [];
    const path = rest.split('/').map(decodeURIComponent).join('/');
    if (operation === '') return noRoute;
    if (forbidden.has(path) && headers['x-vault-token'] !== 'root-token') return denied;
    if (operation === 'metadata') return lie?.kind === 'empty' ? missing : list(path);
    const secret = secrets.get(path);
    if (secret === undefined) return missing;
    const metadata = {
      created_time: '2026-01-02T03:04:05.678Z',
      custom_metadata: null,
      deletion_time: secret.deleted === true ? '2026-02-03T04:05:06.789Z' : '',
      destroyed: false,
      version: secret.version,
    };
    if (secret.deleted === true) return { status: 404, json: { data: { [operation]: null, metadata } } };
    if (operation === 'subkeys') {
      const subkeys = Object.fromEntries(Object.keys(secret.values).map((name) => [name, null]));
      return { status: 200, json: { data: { metadata, subkeys } } };
    }
    return { status: 200, json: { data: { data: secret.values, metadata } } };
  };
  const list = (folder: string): Told => {
    const keys = new Set(
      [...secrets.keys()]
        .filter((path) => path.startsWith(folder))
        .map((path) => path.slice(folder.length))
        .map((rest) => (rest.includes('/') ? rest.slice(0, rest.indexOf('/') + 1) : rest)),
    );
    return keys.size === 0 ? missing : { status: 200, json: { data: { keys: [...keys] } } };
  };
  const more = { secrets, tokens, forbidden, rootLeftSeconds: null };
  const standIn: VaultStandIn = Object.assign(await startStandIn(answer, settings.tls ?? null), more);
  return standIn;
}
