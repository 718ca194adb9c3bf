import { accountOf, type FullId, kindOf, loginOf } from '../../core/ids.ts';
import type { Answer } from '../answers/answer.ts';
import type { Call } from '../http/route.ts';
import type { ContentAbout } from '../http/route-about.ts';
import { signToken } from '../token/slosilo.ts';
import { base64Requested } from './base64-answer.ts';

/** A role that has proved itself, by whichever authenticator. */
export interface ProvedRole {
  readonly roleId: FullId;
  readonly incarnation: string;
  /** Of the key pair that signs the account's tokens now; null: the account has none. */
  readonly keyFingerprint: string | null;
}

/** The description of `tokenAnswer`. */
export const tokenContent: ContentAbout = {
  about: 'The access token; as base64 of it when Accept-Encoding names base64.',
  content: {
    'application/json': {
      type: 'object',
      required: ['protected', 'payload', 'signature'],
      properties: {
        protected: { type: 'string' },
        payload: { type: 'string' },
        signature: { type: 'string' },
      },
    },
    'text/plain': { type: 'string' },
  },
};

/** An access token of `role`: its lifetime is that of its kind, its `jti` the incarnation of the role. */
export async function tokenAnswer(call: Call, role: ProvedRole): Promise<Answer> {
  const { keyring, settings, wallClock } = call.context;
  const known = role.keyFingerprint === null ? null : await keyring.byFingerprint(role.keyFingerprint);
  const key = known ?? (await keyring.ofAccount(accountOf(role.roleId)));
  const iat = Math.floor(wallClock() / 1000);
  const isUser = kindOf(role.roleId) === 'user';
  const exp = iat + (isUser ? settings.userTokenTtlSeconds : settings.hostTokenTtlSeconds);
  const claims = { iat, sub: loginOf(role.roleId), exp, jti: role.incarnation };
  const token = JSON.stringify(signToken(key, claims));
  if (!base64Requested(call.request)) {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: token };
  }
  const headers = { 'content-encoding': 'base64', 'content-type': 'text/plain' };
  return { status: 200, headers, body: Buffer.from(token).toString('base64') };
}
