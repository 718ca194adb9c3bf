import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Secret } from '../../core/secret.ts';
import { spawnDependent } from '../../runtime/dependent-child.ts';
import { freePort } from '../../store/testing/temporary-postgres.ts';
import type { VaultUnderTest } from './vault-under-test.ts';
import { encodedPath } from '../vault/encoded-path.ts';

const startMs = 30_000;
const callMs = 5000;
const rootToken = 'root-token';

/** The program of Vault or OpenBao that tests run, from VAULT_BIN; null: there is none. */
export function vaultProgram(): string | null {
  const named = process.env['VAULT_BIN'] ?? '';
  return named === '' ? null : named;
}

/**
 * Starts a development server (`vault server -dev`: in memory, unsealed) with what the contract needs. It dies with this process,
 * however that ends.
 */
export async function startVaultProgram(program: string): Promise<VaultUnderTest> {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-vault-'));
  const address = `127.0.0.1:${await freePort()}`;
  const words = ['server', '-dev', `-dev-listen-address=${address}`, `-dev-root-token-id=${rootToken}`];
  // It keeps its token in the home directory.
  const child = spawnDependent([program, ...words], { cwd: home, env: { ...process.env, HOME: home } });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-2000);
    });
  const ended = new AbortController();
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      ended.abort();
      resolve();
    };
    child.once('error', end).once('close', end);
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    await rm(home, { recursive: true, force: true });
  };
  const url = `http://${address}`;
  const call = caller(url);
  try {
    await untilAnswered(call, () => ended.signal.aborted);
    return { url, ...(await prepared(call)), stop };
  } catch (error) {
    await stop();
    throw new Error(`${program} did not come up: ${said}`, { cause: error });
  }
}

type Call = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
) => Promise<{
  readonly data?: Readonly<Record<string, string>>;
  readonly auth?: { readonly client_token: string };
}>;

function caller(url: string): Call {
  return async (method, path, body) => {
    const answer = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': rootToken },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(callMs),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  };
}

/** Nobody tells when it can be asked, nor when a KV engine has made itself one of version 2. */
async function untilDone(work: () => Promise<unknown>, isOver: () => boolean): Promise<void> {
  for (const endAt = performance.now() + startMs; ; await pause(50)) {
    try {
      await work();
      return;
    } catch (error) {
      if (isOver() || performance.now() >= endAt) throw error;
    }
  }
}

async function untilAnswered(call: Call, hasEnded: () => boolean): Promise<void> {
  await untilDone(() => call('GET', 'sys/health'), hasEnded);
}

async function prepared(call: Call): Promise<Omit<VaultUnderTest, 'url' | 'stop'>> {
  await call('POST', 'sys/mounts/kv', { type: 'kv', options: { version: '2' } });
  const put: VaultUnderTest['put'] = async (path, data) => {
    await call('POST', `kv/data/${encodedPath(path)}`, { data });
  };
  const forget: VaultUnderTest['forget'] = async (path) => {
    await call('DELETE', `kv/metadata/${encodedPath(path)}`);
  };
  await untilDone(
    () => put('first', { key: 'value' }),
    () => false,
  );
  await forget('first');
  await call('POST', 'sys/auth/approle', { type: 'approle' });
  const forbid: VaultUnderTest['forbid'] = async (paths) => {
    const denied = paths.map((path) => {
      const place = path.endsWith('/') ? 'metadata' : 'subkeys';
      return `path "kv/${place}/${path}" { capabilities = ["deny"] }\n`;
    });
    await call('POST', 'sys/policies/acl/sync', { policy: [documentedPolicy(), ...denied].join('\n') });
  };
  await forbid([]);
  await call('POST', 'auth/approle/role/sync', { token_policies: 'sync' });
  const role = await call('GET', 'auth/approle/role/sync/role-id');
  const secret = await call('POST', 'auth/approle/role/sync/secret-id', {});
  return {
    root: { kind: 'token', token: new Secret(rootToken) },
    appRole: {
      kind: 'approle',
      mount: 'approle',
      roleId: role.data?.['role_id'] ?? '',
      secretId: new Secret(secret.data?.['secret_id'] ?? ''),
    },
    put,
    remove: async (path) => {
      await call('DELETE', `kv/data/${encodedPath(path)}`);
    },
    forget,
    forbid,
    agedToken: async () => {
      const { auth } = await call('POST', 'auth/token/create', { policies: ['sync'], ttl: '8s' });
      const token = auth?.client_token ?? '';
      const leftSeconds = async (): Promise<number> =>
        Number((await call('POST', 'auth/token/lookup', { token })).data?.['ttl']);
      await untilDone(
        async () => {
          if ((await leftSeconds()) >= 4) throw new Error('the token is young');
        },
        () => false,
      );
      return { auth: { kind: 'token', token: new Secret(token) }, leftSeconds };
    },
  };
}

/** What docs/synchronizer.md tells administrators to permit. */
function documentedPolicy(): string {
  const text = readFileSync(new URL('../../../docs/synchronizer.md', import.meta.url), 'utf8');
  const policy = /^```hcl\n([\s\S]*?)^```$/mu.exec(text)?.[1];
  if (policy === undefined) throw new Error('docs/synchronizer.md has no policy for Vault');
  return policy;
}
