import type { ConjurClient } from '../../client/client.ts';
import type { Door } from '../../client/exchange.ts';
import type { ApiArguments } from '../arguments/api-arguments.ts';
import type { CliContext } from '../context.ts';
import { interruptible } from '../interrupt.ts';
import { type Address, chooseAddress, chooseConnection, type Connection } from './choose.ts';
import { gatherSources } from './gather.ts';
import { readPosition, writePosition } from './position-file.ts';

/** Talks to the API as whoever is logged in. Ctrl-C ends it. */
export async function withApi<T>(
  given: ApiArguments,
  context: CliContext,
  work: (client: ConjurClient, connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = chooseConnection(await gatherSources(given, context.environment));
  const [{ openClient }, { openWebFetch }] = await Promise.all([
    import('../../client/client.ts'),
    import('../../runtime/web-fetch.ts'),
  ]);
  const { url, account, login, apiKey } = connection;
  const fetch = openWebFetch(connection);
  const { sessionFile } = context.environment.api;
  const known = await readPosition(sessionFile, url);
  const memory = { position: known };
  try {
    return await interruptible((signal) =>
      work(openClient({ fetch, url, account, login, apiKey, signal, position: memory }), connection),
    );
  } finally {
    if (memory.position !== null && memory.position !== known) {
      await writePosition(sessionFile, url, memory.position);
    }
  }
}

/** Talks to the API as nobody yet. */
export async function withAddress<T>(
  given: ApiArguments,
  context: CliContext,
  work: (door: Door, address: Address) => Promise<T>,
): Promise<T> {
  const address = chooseAddress(await gatherSources(given, context.environment));
  const [{ openDoor }, { openWebFetch }] = await Promise.all([
    import('../../client/client.ts'),
    import('../../runtime/web-fetch.ts'),
  ]);
  const fetch = openWebFetch(address);
  return interruptible((signal) => work(openDoor({ fetch, url: address.url, signal }), address));
}
