import type { ConjurClient } from '../../client/client.ts';

/** A synchronizer that is killed when so many of its loads were answered. */
export function dyingBehind(
  client: ConjurClient,
  lastLoad: number,
  onDeath: () => void = () => undefined,
): ConjurClient {
  let loads = 0;
  return {
    ...client,
    send: async (request) => {
      if (loads === lastLoad) {
        onDeath();
        throw new Error('killed');
      }
      const answer = await client.send(request);
      if (request.method !== 'GET' && /^\/policies\/[^?]*$/u.test(request.path)) loads += 1;
      return answer;
    },
  };
}
