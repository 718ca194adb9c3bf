import { Secret } from '../core/secret.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { type ApiAnswer, type Door, exchange } from './exchange.ts';
import { pathOf } from './path.ts';
import { jsonOf, recordOf } from './refusal.ts';

/** An access token in use. */
export interface HeldToken {
  /** The value of the Authorization header. */
  readonly header: Secret<string>;
  /** Of `performance.now()`, in milliseconds: this machine's wall clock may differ from the server's. */
  readonly renewAt: number;
}

/** The part of its life after which a token is replaced, as the official clients have it. */
const renewAfterPart = 0.85;
/** What a token lives that does not say: eight minutes. */
const usualLifeSeconds = 480;

/**
 * An API key for an access token.
 *
 * @throws Problem `api_unauthenticated` when the server does not take login and key
 */
export async function fetchToken(
  door: Door,
  who: { readonly account: string; readonly login: string; readonly apiKey: Secret<string> },
): Promise<HeldToken> {
  const { account, login, apiKey } = who;
  const sentAt = performance.now();
  const answer = await exchange(door, {
    attempt: `log in as ${login} (account ${account})`,
    method: 'POST',
    path: pathOf(['authn', account, login, 'authenticate']),
    headers: { 'content-type': 'text/plain' },
    body: apiKey.reveal(),
    repeatable: true,
    secrets: [apiKey],
  });
  return {
    header: new Secret(`Token token="${toBase64(answer.bytes)}"`),
    renewAt: sentAt + lifeSeconds(answer) * 1000 * renewAfterPart,
  };
}

/**
 * Keeps a token for as long as it is good. Requests at the same time wait for the same one; what is returned takes the
 * token that was refused, if any, and answers another then.
 */
export function keepToken(
  fetchNew: () => Promise<HeldToken>,
): (refused: HeldToken | null) => Promise<HeldToken> {
  let held: Promise<HeldToken> | null = null;
  return async (refused) => {
    const current = held;
    const known = current === null ? null : await current.catch(() => null);
    if (known !== null && known !== refused && performance.now() < known.renewAt) return known;
    if (held === current || held === null) held = fetchNew(); // else somebody has begun meanwhile
    return held;
  };
}

/** From the token's own two instants, which are of one clock. What cannot be read is the server's business. */
function lifeSeconds(answer: ApiAnswer): number {
  const payload = recordOf(jsonOf(answer))?.['payload'];
  const claims = typeof payload === 'string' ? claimsOf(payload) : null;
  const { iat, exp } = claims ?? {};
  return typeof iat === 'number' && typeof exp === 'number' && exp > iat ? exp - iat : usualLifeSeconds;
}

function claimsOf(payload: string): Readonly<Record<string, unknown>> | null {
  try {
    return recordOf(JSON.parse(new TextDecoder().decode(fromBase64(payload))));
  } catch {
    return null;
  }
}
