import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Problem } from '../core/problem.ts';

/**
 * Passwords are kept as scrypt hashes (RFC 7914; Node has no bcrypt), then encrypted like every other value. 16 MiB a
 * hash: OWASP's lighter setting, because a worker is meant to stay small; at most two are computed at a time.
 */
const cost = { N: 2 ** 14, r: 8, p: 5 } as const;
const hashBytes = 32;
const atOnce = 2;
const waitingLimit = 100;

/** Computes password hashes, few at a time. */
export class PasswordHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** A hash to store: `scrypt$N$r$p$salt$hash`. */
  async hash(password: Buffer): Promise<string> {
    const salt = randomBytes(16);
    const hash = await this.#derive(password, salt, cost);
    return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64'), hash.toString('base64')].join('$');
  }

  /** Whether `password` is the one that `stored` was made from. */
  async matches(password: Buffer, stored: string): Promise<boolean> {
    const [scheme, N, r, p, salt, hash] = stored.split('$');
    if (scheme !== 'scrypt' || salt === undefined || hash === undefined) return false;
    const parameters = { N: Number(N), r: Number(r), p: Number(p) };
    const derived = await this.#derive(password, Buffer.from(salt, 'base64'), parameters);
    const expected = Buffer.from(hash, 'base64');
    return derived.length === expected.length && timingSafeEqual(derived, expected);
  }

  async #derive(
    password: Buffer,
    salt: Buffer,
    parameters: { N: number; r: number; p: number },
  ): Promise<Buffer> {
    await this.#enter();
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        scrypt(password, salt, hashBytes, parameters, (error, key) => (error ? reject(error) : resolve(key)));
      });
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < atOnce) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= waitingLimit) {
      throw new Problem('server_busy', 'Too many password checks wait already; try again.');
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
