import type { ConjurClient } from '../../client/client.ts';
import { readSecretBytes } from '../../client/secrets.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import { limited } from '../../runtime/limited.ts';
import { digestOf } from '../state/digests.ts';

/** Digests of what is in the target, by identifier; null: no value. Nothing of what was not looked at. */
export type TargetDigests = ReadonlyMap<string, string | null>;

/**
 * Reads variables of one safe from the target, as digests.
 *
 * @throws Problem `api_…`: one of them cannot be read, or none
 */
export type DigestReader = (branch: string, identifiers: readonly string[]) => Promise<TargetDigests>;

/** Requests at a time: values of up to 1 MiB each, in base64, lie in memory several times while they are decoded. */
const mostRequests = 4;
const mostWaiting = 1_000_000;
const mostVariables = 30;
/** Of a safe of which nothing has been read yet. */
const firstVariables = 4;
/** The values of one request, if they are no larger than the largest that was seen in the safe. */
const requestBytes = 4 * 1024 * 1024;

/** A server bounds what it answers at a time, and each has another bound. */
const tooMuch: readonly ProblemCode[] = ['api_invalid', 'api_too_large', 'body_too_large'];

/**
 * Reads many variables in a request where values are small, and few where they are large: how large they are in a safe, its first ones
 * tell. What the server takes for too much is asked for in halves.
 */
export function openDigestReader(reader: ConjurClient, digestKey: Buffer): DigestReader {
  const inTurn = limited(
    mostRequests,
    mostWaiting,
    () => new Problem('api_unavailable', 'too much waits to be read from the target.'),
  );
  const largest = new Map<string, number>(); // bytes, by branch
  const digests = async (branch: string, batch: readonly string[]) => {
    const values = await readSecretBytes(reader, batch);
    return Array.from(values, ([identifier, value]) => {
      const bytes = value?.reveal() ?? null;
      largest.set(branch, Math.max(largest.get(branch) ?? 0, bytes?.length ?? 0));
      return [identifier, bytes === null ? null : digestOf(digestKey, identifier, bytes)] as const;
    });
  };
  const inHalves: typeof digests = async (branch, batch) => {
    try {
      return await digests(branch, batch);
    } catch (error) {
      if (batch.length < 2 || !isProblem(error) || !tooMuch.includes(error.code)) throw error;
      const half = Math.ceil(batch.length / 2);
      return [
        ...(await inHalves(branch, batch.slice(0, half))),
        ...(await inHalves(branch, batch.slice(half))),
      ];
    }
  };
  return async (branch, identifiers) => {
    const found = new Map<string, string | null>();
    for (let at = 0; at < identifiers.length; ) {
      // How many is only known when its turn has come.
      const batch = await inTurn(async () => {
        const next = identifiers.slice(at, at + batchLength(largest.get(branch)));
        for (const [identifier, digest] of await inHalves(branch, next)) found.set(identifier, digest);
        return next;
      });
      at += batch.length;
    }
    return found;
  };
}

function batchLength(largestBytes: number | undefined): number {
  if (largestBytes === undefined) return firstVariables;
  return Math.max(1, Math.min(mostVariables, Math.floor(requestBytes / Math.max(1, largestBytes))));
}
