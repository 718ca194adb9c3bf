import { hash } from 'node:crypto';
import { type FullId, roleIdOfLogin } from '../../core/ids.ts';
import { cidrContains } from '../../core/policy/cidr.ts';
import { Problem } from '../../core/problem.ts';
import type { Keyring } from './keyring.ts';
import { expiryOf, parseToken, verifyToken } from './slosilo.ts';

/** Who a request comes from. */
export interface Caller {
  readonly account: string;
  readonly login: string;
  readonly roleId: FullId;
  /** When the token was issued, seconds since 1970. */
  readonly issuedAt: number;
}

interface Remembered {
  readonly caller: Caller;
  readonly expiresAt: number;
  readonly cidr: readonly string[] | null;
}

const rememberedLimit = 5000;
/** Anchored at the start; the value may span lines. */
const header = /^Token token="([\s\S]*)"/;

/**
 * Verifies access tokens. The outcome of a signature check (59 µs) is remembered under the hash of the token until it
 * expires, the least recently used one forgotten first.
 */
export class TokenVerifier {
  readonly #keyring: Keyring;
  readonly #account: string;
  readonly #nowSeconds: () => number;
  readonly #remembered = new Map<string, Remembered>();

  constructor(keyring: Keyring, account: string, nowSeconds: () => number) {
    this.#keyring = keyring;
    this.#account = account;
    this.#nowSeconds = nowSeconds;
  }

  /**
   * The caller that an Authorization header names; null without a header of this scheme.
   *
   * @throws Problem `token_malformed`, `token_invalid`, `origin_rejected`
   */
  async callerOf(authorization: string | undefined, address: string): Promise<Caller | null> {
    const encoded = authorization === undefined ? undefined : header.exec(authorization)?.[1];
    if (encoded === undefined) return null;
    const key = hash('sha256', encoded, 'base64');
    const known = this.#remembered.get(key);
    const token = known ?? (await this.#verify(encoded));
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
    if (token === null) throw new Problem('token_malformed', 'Malformed authorization token');
    const claims = verifyToken(await this.#keyring.key(), token);
    const account = this.#account;
    return {
      caller: {
        account,
        login: claims.sub,
        roleId: roleIdOfLogin(account, claims.sub),
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

function invalid(): Problem {
  return new Problem('token_invalid', 'Unauthorized: Invalid token');
}
