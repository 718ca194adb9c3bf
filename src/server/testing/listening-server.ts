import { after, before } from 'node:test';
import { startTestServer, type TestServer } from './test-server.ts';

/** A server that answers on loopback as long as the tests of a describe run. */
export interface ListeningServer {
  readonly server: TestServer;
  readonly url: string;
}

/**
 * Starts a server before the tests of the describe around it, and stops it behind them. Hooks run in the order in which they are
 * registered: a `before` that is written below the call has the server already.
 * @param options what {@link startTestServer} takes.
 * @throws {Error} from the getters of what it answers, as long as the server does not listen.
 */
export function listeningServer(options: Parameters<typeof startTestServer>[0] = {}): ListeningServer {
  let server: TestServer | null = null;
  let url: string | null = null;
  before(async () => {
    server = await startTestServer(options);
    url = await server.app.listen({ host: '127.0.0.1', port: 0 });
  });
  after(() => server?.stop());
  return {
    get server() {
      return server ?? tooEarly('server');
    },
    get url() {
      return url ?? tooEarly('url');
    },
  };
}

function tooEarly(name: keyof ListeningServer): never {
  throw new Error(
    `${name} is there once the server listens: read it in a test, or in a hook below listeningServer().`,
  );
}
