import { hash } from 'node:crypto';
import { type FullId, roleIdOfLogin } from '../../core/ids.ts';
import { cidrContains } from '../../core/policy/cidr.ts';
import { Problem } from '../../core/problem.ts';
import type { CallerRole } from '../../store/access.ts';
import type { Keyring } from './keyring.ts';
import { expiryOf, keyIdOf, parseToken, verifyToken } from './slosilo.ts';

/** Who a request comes from. */
export interface Caller extends CallerRole {
  /** Of the key that signed the token, whatever the URL says. */
  readonly account: string;
  readonly login: string;
  readonly roleId: FullId;
}

interface Remembered {
  readonly caller: Caller;
  readonly expiresAt: number;
  readonly cidr: readonly string[] | null;
}

const rememberedLimit = 5000;
/** Longer than any token of ours by far. */
const encodedLimit = 8192;
/** Anchored at the start; the value may span lines. */
const header = /^Token token="([\s\S]*)"/;

/**
 * Verifies access tokens. The outcome of a signature check (59 µs) is remembered under the hash of the token until it
 * expires, the least recently used one forgotten first. Whether the role still exists is for the database to say.
 */
export class TokenVerifier {
  readonly #keyring: Keyring;
  readonly #nowSeconds: () => number;
  readonly #remembered = new Map<string, Remembered>();

  constructor(keyring: Keyring, nowSeconds: () => number) {
    this.#keyring = keyring;
    this.#nowSeconds = nowSeconds;
  }

  /**
   * The caller that an Authorization header names; null without a header of this scheme. A promise only where a signature
   * has to be checked: most requests bring a token that is known.
   *
   * @throws Problem `token_malformed`, `token_invalid`, `origin_rejected`
   */
  callerOf(authorization: string | undefined, address: string): Caller | null | Promise<Caller> {
    const encoded = authorization === undefined ? undefined : header.exec(authorization)?.[1];
    if (encoded === undefined) return null;
    if (encoded.length > encodedLimit) throw malformed();
    const key = hash('sha256', encoded, 'base64');
    const known = this.#remembered.get(key);
    if (known !== undefined) return this.#accept(key, known, address);
    return this.#verify(encoded).then((token) => this.#accept(key, token, address));
  }

  #accept(key: string, token: Remembered, address: string): Caller {
    this.#remembered.delete(key);
    if (token.expiresAt <= this.#nowSeconds()) throw invalid();
    this.#remembered.set(key, token); // now the most recently used
    this.#forgetOldest();
    if (token.cidr !== null && !token.cidr.some((cidr) => cidrContains(cidr, address))) {
      throw new Problem('origin_rejected', 'IP address rejected');
    }
    return token.caller;
  }

  async #verify(encoded: string): Promise<Remembered> {
    const token = parseToken(Buffer.from(encoded, 'base64').toString());
    if (token === null) throw malformed();
    const keyId = keyIdOf(token);
    const key = keyId === null ? null : await this.#keyring.byFingerprint(keyId);
    if (key === null) throw invalid();
    const { account } = key;
    const claims = verifyToken(key, token);
    return {
      caller: {
        account,
        login: claims.sub,
        roleId: roleIdOfLogin(account, claims.sub),
        incarnation: claims.jti ?? null,
        issuedAt: claims.iat,
      },
      expiresAt: expiryOf(claims),
      cidr: claims.cidr ?? null,
    };
  }

  #forgetOldest(): void {
    if (this.#remembered.size <= rememberedLimit) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      return;
    }
  }
}

function malformed(): Problem {
  return new Problem('token_malformed', 'Malformed authorization token');
}

function invalid(): Problem {
  return new Problem('token_invalid', 'Unauthorized: Invalid token');
}
