import { type FullId, loginOf } from '../../core/ids.ts';
import { signToken, type TokenClaims } from '../token/slosilo.ts';
import type { TestServer } from './test-server.ts';

/**
 * The Authorization header with a token of an account's own key that nobody has authenticated for: for roles without
 * credentials, and for claims that this server would not make.
 */
export async function signedHeader(
  server: TestServer,
  account: string,
  claims: TokenClaims,
): Promise<string> {
  const key = await server.context.keyring.ofAccount(account);
  const token = JSON.stringify(signToken(key, claims));
  return `Token token="${Buffer.from(token).toString('base64')}"`;
}

/** As `signedHeader`, for a role as it is now. */
export async function headerOfRole(server: TestServer, account: string, roleId: FullId): Promise<string> {
  const iat = Math.floor(server.time.now / 1000);
  const jti = await incarnationOf(server, roleId);
  return signedHeader(server, account, { iat, sub: loginOf(roleId), exp: iat + 480, jti });
}

async function incarnationOf(server: TestServer, roleId: FullId): Promise<string> {
  const [row] = await server.store.reads.run(
    (sql) => sql<{ incarnation: string }[]>`select incarnation from roles where role_id = ${roleId}`,
  );
  if (row === undefined) throw new Error(`there is no role ${roleId}`);
  return row.incarnation;
}
