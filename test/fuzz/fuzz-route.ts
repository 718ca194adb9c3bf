import * as fc from 'fast-check';
import { describeError } from '../../src/core/problem.ts';
import type { Route } from '../../src/server/http/route.ts';
import type { FuzzServer } from './fuzz-server.ts';
import { anyRequest } from './requests.ts';

/**
 * Sends random requests to a route. None may be a fault of the server's: no 5xx, no answer that never comes.
 *
 * @returns how often each status came
 * @throws Error with the shortest request found that breaks it
 */
export async function fuzzRoute(
  server: FuzzServer,
  route: Route,
  { seed, runs }: { readonly seed: number; readonly runs: number },
): Promise<ReadonlyMap<number, number>> {
  const field = await server.field();
  const statuses = new Map<number, number>();
  const property = fc.asyncProperty(anyRequest(route, field.authorizations), async (request) => {
    const answer = await field.send(request);
    const faults = field.takeFaults();
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    // The status of an authenticator, and trouble with an identity provider, are described as 5xx; only those may come.
    const described = answer.status < 500 || answer.status in route.about.answers;
    if (faults.length > 0 || !described) {
      throw new Error(`${answer.status}: ${faults.map(wholeCause).join('; ')}`);
    }
  });
  await fc.assert(property, { seed, numRuns: runs, endOnFailure: false, interruptAfterTimeLimit: 60_000 });
  return statuses;
}

function wholeCause(fault: unknown): string {
  const cause = fault instanceof Error && fault.cause !== undefined ? ` <- ${wholeCause(fault.cause)}` : '';
  return `${describeError(fault)}${cause}`;
}
